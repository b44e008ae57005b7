import type { DeadLetterFacts } from '../../src/jetstream/dead-letters/dead-letter.js';
import { toLetter } from '../../src/jetstream/dead-letters/dead-letter.js';
import type { AttemptRecord, KeptRecord } from '../../src/jetstream/dead-letters/attempt-records.js';
import type { DeliveredMessage } from '../../src/jetstream/consume/delivered-message.js';
import { AttemptHistory } from '../../src/reaction/delivery/attempt-history.js';
import type { EndedAttempt } from '../../src/reaction/delivery/attempts.js';
import { IsolationScope } from '../../src/reaction/delivery/isolation.js';
import { Delivery } from '../../src/reaction/delivery/delivery.js';
import type { HandlerCall } from '../../src/reaction/delivery/handler-call.js';
import { PayloadUnpacker } from '../../src/reaction/delivery/payload-unpacker.js';
import type { Unpacker } from '../../src/reaction/delivery/unpacker.js';
import { DeliveryLog } from '../../src/reaction/delivery-log.js';
import { Parking } from '../../src/reaction/parking/parking.js';
import type { ParkingPlace } from '../../src/reaction/parking/parking-place.js';
import type { ReactionPolicy } from '../../src/reaction/reaction-policy.js';
import { type FakeMessage, fakeMessage } from './fake-message.js';

type Original = Parameters<ParkingPlace['put']>[1];

/** Records of attempts in memory. */
export class FakeAttemptRecords {
  readonly kept = new Map<string, KeptRecord>();
  failure: Error | undefined;
  #last = 0;

  async find(key: string): Promise<KeptRecord | undefined> {
    return this.kept.get(key);
  }

  async lastKeyIn(tokens: string): Promise<string | undefined> {
    return [...this.kept.keys()].findLast((key) => key.startsWith(`${tokens}.`));
  }

  async keep(key: string, record: AttemptRecord): Promise<number> {
    if (this.failure !== undefined) throw this.failure;
    this.#last += 1;
    this.kept.set(key, { ...record, sequence: this.#last });
    return this.#last;
  }

  async remove(sequence: number): Promise<void> {
    for (const [key, kept] of this.kept) if (kept.sequence === sequence) this.kept.delete(key);
  }
}

/** A parking place in memory that fails on request. */
export class FakeParkingPlace {
  readonly name = 'shop-dead-letters';
  readonly parked: { readonly facts: DeadLetterFacts; readonly original: Original; readonly id: string }[] =
    [];
  readonly removed: number[] = [];
  failure: Error | undefined;
  readonly attempts = new FakeAttemptRecords();

  async put(facts: DeadLetterFacts, original: Original, id: string): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.parked.push({ facts, original, id });
  }

  async remove(number: number): Promise<void> {
    this.removed.push(number);
  }

  /** A parked message as the consumer of redriven messages delivers it. */
  redriven(index: number, { sequence = 50, deliveryCount = 1 } = {}): FakeMessage {
    const { facts, original } = this.parked[index]!;
    const { headers, data } = toLetter(facts, original);
    return fakeMessage({
      subject: `_dead.${this.name}.redrive.shop`,
      log: this.name,
      sequence,
      deliveryCount,
      headers: Object.fromEntries(headers.keys().map((name) => [name, headers.get(name)])),
      data,
    });
  }
}

/**
 * What a {@link DeliveryHarness} is made of; a handler that does nothing, five attempts and no pauses by
 * default.
 */
export interface HarnessOptions<Payload> {
  readonly handle?: (call: HandlerCall<Payload>) => unknown;
  readonly policy?: Partial<ReactionPolicy>;
  readonly unpacker?: Unpacker<Payload>;
  readonly place?: FakeParkingPlace | undefined;
  readonly bodies?: ReadonlyMap<number, Uint8Array>;
  /** @default orders */
  readonly log?: string;
  /** @default true */
  readonly logKeepsAll?: boolean;
}

/** A delivery to one handler, without a server. */
export class DeliveryHarness<Payload = unknown> {
  readonly place: FakeParkingPlace | undefined;
  readonly log: string[] = [];
  readonly ended: EndedAttempt[] = [];
  readonly delivery: Delivery<Payload>;

  constructor(options: HarnessOptions<Payload> = {}) {
    this.place = 'place' in options ? options.place : new FakeParkingPlace();
    const unpacker = options.unpacker ?? (jsonUnpacker() as Unpacker<Payload>);
    const write = (line: string): void => void this.log.push(line);
    const log = new DeliveryLog({ warn: write, error: write }, 'shop-order_placed');
    const parking = new Parking({
      place: this.place,
      stream: options.log ?? 'orders',
      consumer: 'shop-order_placed',
      handler: 'order.placed',
      body: unpacker.parkedBody,
      readBody: async (sequence) => options.bodies?.get(sequence),
      logKeepsAll: async () => options.logKeepsAll ?? true,
      onParked: () => undefined,
      log,
    });
    const history = new AttemptHistory({
      records: this.place?.attempts,
      consumer: 'shop-order_placed',
      onFault: ({ message }, error) => log.fault(message, error),
    });
    const handle = async (call: HandlerCall<Payload>): Promise<void> => void (await options.handle?.(call));
    this.delivery = new Delivery({
      handle,
      policy: policyWith(options.policy),
      history,
      unpacker,
      parking,
      log,
      // each harness is a process of its own
      isolation: new IsolationScope(),
      onAttempt: (_, ended) => this.ended.push(ended),
    });
  }

  /** Delivers, and gives what the server hears. */
  async deliver({ message, replies }: FakeMessage): Promise<readonly string[]> {
    await this.delivery.deliver(message);
    return replies;
  }

  /** Delivers a redriven message, and gives what the server hears. */
  async redrive({ message, replies }: FakeMessage): Promise<readonly string[]> {
    await this.delivery.deliverRedriven(message);
    return replies;
  }
}

export function jsonUnpacker(headersOnly = false): PayloadUnpacker<unknown> {
  const decode = async (message: DeliveredMessage): Promise<unknown> =>
    headersOnly ? undefined : message.json();
  return new PayloadUnpacker({ decode, headersOnly });
}

/** What the server hears of a message that is to be delivered again after a pause. */
export function nak(delayMs: number): string {
  return delayMs === 0 ? '-NAK' : `-NAK ${JSON.stringify({ delay: delayMs * 1_000_000 })}`;
}

function policyWith(policy: Partial<ReactionPolicy> = {}): ReactionPolicy {
  return {
    maxDeliver: 5,
    backoffMs: [],
    handlerTimeoutMs: undefined,
    concurrency: 1,
    keyOf: undefined,
    manualAck: false,
    isUnacknowledged: false,
    ...policy,
  };
}
