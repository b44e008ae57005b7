import type {
  NatsConnection,
  Payload,
  PublishOptions,
  Status,
  Subscription,
  SubscriptionOptions,
} from '@nats-io/transport-node';
import type { Broker } from './broker.js';
import { type Envelope, toBytes, toMsg } from './envelope.js';
import { StatusFeed } from './status-feed.js';

/** The part of a connection that jetsource uses. */
type UsedPart = Pick<
  NatsConnection,
  'publish' | 'subscribe' | 'status' | 'isClosed' | 'isDraining' | 'close' | 'flush'
>;

/**
 * The client's end of a connection. What is published arrives in a later turn of the event loop. Without a
 * server it waits for the next one, as with the real client. Functions are fields, since jetsource calls them
 * on an object that has this one as its prototype.
 */
export class InMemoryConnection implements UsedPart {
  readonly info = { max_payload: 1_048_576, version: '2.15.1' };
  /** All that was published, in order. */
  readonly published: Envelope[] = [];
  readonly #broker: Broker;
  readonly #feed = new StatusFeed();
  #waiting: Envelope[] = [];
  #isConnected = true;
  #isClosed = false;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Typed as a full connection: the parts that jetsource does not use are missing. */
  asNatsConnection(): NatsConnection {
    return this as unknown as NatsConnection;
  }

  readonly publish = (subject: string, payload?: Payload, options: PublishOptions = {}): void => {
    if (this.#isClosed) throw new TypeError('the connection is closed');
    const envelope = { subject, data: toBytes(payload), headers: options.headers, reply: options.reply };
    this.published.push(envelope);
    this.#waiting.push(envelope);
    if (this.#waiting.length === 1) setImmediate(() => this.#send());
  };

  readonly subscribe = (pattern: string, options: SubscriptionOptions = {}): Subscription => {
    const { queue, callback } = options;
    const stop = this.#broker.listen({
      pattern,
      queue,
      deliver: (envelope) => {
        if (this.#isConnected && !this.#isClosed) void callback?.(null, toMsg(envelope, this.#respond));
      },
    });
    let isClosed = false;
    const end = (): void => {
      isClosed = true;
      stop();
    };
    const drain = async (): Promise<void> => {
      await this.flush();
      end();
    };
    return { unsubscribe: end, drain, isClosed: () => isClosed || this.#isClosed } as unknown as Subscription;
  };

  readonly status = (): AsyncIterable<Status> => this.#feed.read();

  readonly isClosed = (): boolean => this.#isClosed;

  readonly isDraining = (): boolean => false;

  /** Everything that was published has arrived, and so have the answers. */
  readonly flush = async (): Promise<void> => {
    for (let turns = 0; turns < 2; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  readonly close = async (): Promise<void> => {
    if (this.#isClosed) return;
    this.#send();
    this.#isClosed = true;
    this.#feed.close();
  };

  disconnect(): void {
    this.#isConnected = false;
    this.#feed.tell({ type: 'disconnect', server: 'in-memory' });
  }

  reconnect(): void {
    this.#isConnected = true;
    this.#feed.tell({ type: 'reconnect', server: 'in-memory' });
    this.#send();
  }

  readonly #respond = ({ subject, data }: Envelope): void => this.publish(subject, data);

  #send(): void {
    if (!this.#isConnected || this.#isClosed) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const envelope of waiting) this.#broker.publish(envelope);
  }
}
