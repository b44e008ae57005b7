// Orders, one event a commit: in a store of jetsource, and in a stream of raw messages that hold the same events.
import { jetstream, jetstreamManager, type JetStreamClient, type JsMsg } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { connectEventStore, Event, streamName, type JetStreamEventStore, type Position } from 'jetsource';
import { wide } from './wide.js';

const TEXT = 'x'.repeat(150);
const STREAMS = 20_000;
const CUSTOMERS = 1_000;
const RAW = 'raworders';

@Event('OrderPlaced')
export class OrderPlaced {
  readonly text = TEXT;

  constructor(
    readonly customer: string,
    readonly amount: number,
  ) {}
}

/** The body of a raw message. */
export interface RawOrder {
  readonly type: string;
  readonly data: { readonly customer: string; readonly amount: number };
}

/** The orders of both logs, which hold the same number of events. */
export class OrderLog {
  readonly store: JetStreamEventStore;
  readonly js: JetStreamClient;
  readonly #nc: NatsConnection;
  #events = 0;
  #last: string | undefined;

  private constructor(store: JetStreamEventStore, nc: NatsConnection) {
    this.store = store;
    this.#nc = nc;
    this.js = jetstream(nc);
  }

  static async connect(servers: string): Promise<OrderLog> {
    const store = await connectEventStore({ servers, name: 'orders', events: [OrderPlaced] });
    const nc = await connect({ servers });
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: RAW, subjects: [`${RAW}.>`], allow_direct: true });
    return new OrderLog(store, nc);
  }

  /** How many events both logs hold. */
  get events(): number {
    return this.#events;
  }

  /** Position of the last event in the store. */
  get last(): Position {
    if (this.#last === undefined) throw new TypeError('the log is empty');
    return this.#last as Position;
  }

  /** Appends until the logs hold so many events. */
  async growTo(events: number): Promise<void> {
    const first = this.#events;
    const added = events - first;
    if (added <= 0) return;
    const begun = performance.now();
    let next = first;
    // the last one alone: its position is that of the end
    await wide(added - 1, async () => this.append(next++));
    await this.append(next);
    next = first;
    await wide(added, async () => this.publish(next++));
    const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
    console.log(`\n(both logs hold ${this.#events.toLocaleString('en')} events now, after ${seconds} s)`);
  }

  /** Appends to the store. Whoever appends publishes as many raw messages. */
  async append(number: number): Promise<Position> {
    const name = streamName('order', `o${number % STREAMS}`);
    const { position } = await this.store.append(name, [orderOf(number)]);
    if (position === undefined) throw new TypeError('nothing was appended');
    this.#events += 1;
    this.#last = position;
    return position;
  }

  async publish(number: number): Promise<number> {
    const body = JSON.stringify({ type: 'OrderPlaced', data: orderOf(number) });
    return (await this.js.publish(`${RAW}.o${number % STREAMS}`, body)).seq;
  }

  /** See {@link rawMessages}. */
  rawMessages(count?: number): AsyncGenerator<JsMsg, void, void> {
    return rawMessages(this.js, count);
  }

  async close(): Promise<void> {
    await this.#nc.close();
    await this.store.close();
  }
}

function orderOf(number: number): OrderPlaced {
  // a stride, so that neighbours are of other customers
  return new OrderPlaced(`c${(number * 7_919) % CUSTOMERS}`, number % 100);
}

/** The raw messages from the beginning, by an ordered consumer; ends after so many. */
export async function* rawMessages(js: JetStreamClient, count = Infinity): AsyncGenerator<JsMsg, void, void> {
  const consumer = await js.consumers.get(RAW);
  let left = count;
  for await (const message of await consumer.consume({ max_messages: 5_000 })) {
    yield message;
    left -= 1;
    if (left === 0) return;
  }
}
