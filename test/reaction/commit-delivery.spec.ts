import type { StoredCommit } from '../../src/event/commit.js';
import { encodeCommit } from '../../src/event/commit-format.js';
import { EventRegistry } from '../../src/event/event-registry.js';
import { storedStream, streamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import { CommitUnpacker } from '../../src/reaction/delivery/commit-unpacker.js';
import type { HandlerCall } from '../../src/reaction/delivery/handler-call.js';
import type { Unpacker } from '../../src/reaction/delivery/unpacker.js';
import { commitOf } from '../event/stored-commit.js';
import { Counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { DeliveryHarness, FakeParkingPlace, type HarnessOptions, nak } from './delivery-harness.js';
import { type FakeMessage, type FakeMessageOptions, fakeMessage } from './fake-message.js';

const registry = new EventRegistry(ORDER_EVENTS, { onUnknownEvent: 'raw' });
const SEQUENCE = 7;

/** A commit of `Counted` events with these numbers, stored at sequence 7. */
function commit(...numbers: number[]): StoredCommit {
  return commitOf(numbers.map((n) => registry.encode(new Counted(n))));
}

function messageOf(stored: StoredCommit, options: FakeMessageOptions = {}): FakeMessage {
  const subject = subjectOf('shop', stored.stream);
  return fakeMessage({ subject, data: encodeCommit(stored), log: 'shop', sequence: SEQUENCE, ...options });
}

/**
 * A delivery of commits. Events whose number is in `failing` fail; `handled` holds the numbers of all
 * attempts.
 */
class CommitHarness extends DeliveryHarness<never> {
  readonly failing = new Set<number>();
  readonly handled: number[] = [];

  constructor(
    options: HarnessOptions<never> & { eventType?: string; ownCategories?: readonly string[] } = {},
  ) {
    const { eventType, ownCategories } = options;
    super({
      log: 'shop',
      unpacker: new CommitUnpacker({ registry, eventType, ownCategories }) as Unpacker<never>,
      handle: (call) => this.#handle(call),
      ...options,
    });
  }

  #handle(call: HandlerCall<never>): void {
    if (call.kind !== 'event') return;
    const { n } = call.event.data as Counted;
    this.handled.push(n);
    if (this.failing.has(n)) throw new Error(`no ${n}`);
  }
}

describe('a commit of several events', () => {
  it('is acknowledged once, when all of its events are done', async () => {
    const harness = new CommitHarness();
    expect(await harness.deliver(messageOf(commit(1, 2, 3)))).toEqual(['+ACK']);
    expect(harness.handled).toEqual([1, 2, 3]);
  });

  it('is handed back when one fails, and an event that is done is not handled again', async () => {
    const harness = new CommitHarness({ policy: { backoffMs: [10] } });
    harness.failing.add(2);
    expect(await harness.deliver(messageOf(commit(1, 2, 3)))).toEqual([nak(10)]);
    expect(harness.handled).toEqual([1, 2]);
    harness.failing.clear();
    expect(await harness.deliver(messageOf(commit(1, 2, 3), { deliveryCount: 2 }))).toEqual(['+ACK']);
    expect(harness.handled).toEqual([1, 2, 2, 3]);
  });

  it('has all of the attempts for each of its events', async () => {
    const harness = new CommitHarness({ policy: { maxDeliver: 2, backoffMs: [10, 20] } });
    harness.failing.add(1);
    await harness.deliver(messageOf(commit(1, 2)));
    harness.failing.clear();
    harness.failing.add(2);
    // the second delivery of the message is the first attempt at its second event
    expect(await harness.deliver(messageOf(commit(1, 2), { deliveryCount: 2 }))).toEqual([nak(10)]);
    expect(harness.place?.parked).toEqual([]);
  });

  it('parks a failed event by reference, and continues with the next', async () => {
    const harness = new CommitHarness({ policy: { maxDeliver: 1 } });
    harness.failing.add(2);
    expect(await harness.deliver(messageOf(commit(1, 2, 3)))).toEqual(['+ACK']);
    expect(harness.handled).toEqual([1, 2, 3]);
    expect(harness.place?.parked).toMatchObject([
      {
        facts: { stream: 'shop', sequence: SEQUENCE, eventId: `${commit(1).commitId}/1`, attempts: 1 },
        original: { data: new Uint8Array() },
      },
    ]);
  });

  it('counts the attempts of other processes, for each of its events', async () => {
    const place = new FakeParkingPlace();
    const policy = { maxDeliver: 3 };
    for (const deliveryCount of [1, 2]) {
      const harness = new CommitHarness({ place, policy });
      harness.failing.add(1);
      await harness.deliver(messageOf(commit(1, 2), { deliveryCount }));
    }
    const harness = new CommitHarness({ place, policy });
    for (const failing of [1, 2]) harness.failing.add(failing);
    await harness.deliver(messageOf(commit(1, 2), { deliveryCount: 3 }));
    expect(place.parked).toMatchObject([{ facts: { attempts: 3 } }]);
    expect([...place.attempts.kept.values()]).toMatchObject([{ attempts: 1, last: 'Error: no 2' }]);
  });

  it('keeps its progress and its attempts while many others are handled', async () => {
    const harness = new CommitHarness({ policy: { maxDeliver: 2, keyOf: ({ subject }) => subject } });
    harness.failing.add(2);
    const held = messageOf(commit(1, 2));
    await harness.deliver(held);
    for (let sequence = 100; sequence < 1_200; sequence += 1)
      await harness.deliver(messageOf(commit(3), { sequence }));
    await harness.deliver(held);
    expect(harness.handled.filter((n) => n < 3)).toEqual([1, 2, 2]);
    expect(harness.place?.parked).toMatchObject([{ facts: { attempts: 2 } }]);
  });

  it('goes on where another process was when an attempt of that is known', async () => {
    const place = new FakeParkingPlace();
    const former = new CommitHarness({ place });
    former.failing.add(2);
    await former.deliver(messageOf(commit(1, 2, 3)));
    const harness = new CommitHarness({ place });
    expect(await harness.deliver(messageOf(commit(1, 2, 3), { deliveryCount: 2 }))).toEqual(['+ACK']);
    expect(harness.handled).toEqual([2, 3]);
    expect([...place.attempts.kept]).toEqual([]);
  });

  it('counts the deliveries of other processes as attempts at its first event where none are kept', async () => {
    const harness = new CommitHarness({ policy: { maxDeliver: 3 }, place: undefined });
    harness.failing.add(1);
    await harness.deliver(messageOf(commit(1, 2), { deliveryCount: 3 }));
    expect(harness.log).toEqual([expect.stringContaining('given up after 3 attempts')]);
    expect(harness.handled).toEqual([1, 2]);
  });

  it('is acknowledged again without a call if the acknowledgement was lost', async () => {
    const harness = new CommitHarness();
    await harness.deliver(messageOf(commit(1, 2)));
    expect(await harness.deliver(messageOf(commit(1, 2), { deliveryCount: 2 }))).toEqual(['+ACK']);
    expect(harness.handled).toEqual([1, 2]);
  });

  it('stops at an event that cannot be parked, and continues there', async () => {
    const harness = new CommitHarness({ policy: { maxDeliver: 1 } });
    harness.failing.add(1);
    harness.place!.failure = new Error('full');
    expect(await harness.deliver(messageOf(commit(1, 2)))).toEqual([nak(5_000)]);
    harness.place!.failure = undefined;
    expect(await harness.deliver(messageOf(commit(1, 2), { deliveryCount: 2 }))).toEqual(['+ACK']);
    expect(harness.place?.parked).toHaveLength(1);
    expect(harness.handled.filter((n) => n === 2)).toEqual([2]);
  });
});

describe('a handler of events that acknowledges by itself', () => {
  it('acknowledges each event, and the message with the last one', async () => {
    const calls: HandlerCall<never>[] = [];
    const harness = new CommitHarness({
      policy: { manualAck: true },
      handle: (call) => calls.push(call),
    });
    const delivered = messageOf(commit(1, 2));
    await harness.deliver(delivered);
    expect(delivered.replies).toEqual([]);
    calls[1]?.message.ack();
    expect(delivered.replies).toEqual([]);
    calls[0]?.message.ack();
    expect(delivered.replies).toEqual(['+ACK']);
  });
});

describe('a handler of one event type', () => {
  it('gets no other events, and a commit without any is acknowledged', async () => {
    const types: string[] = [];
    const handle = (call: HandlerCall<never>): void => {
      if (call.kind === 'event') types.push(call.event.type);
    };
    const harness = new CommitHarness({ eventType: 'OrderPlaced', handle });
    const both = commitOf([registry.encode(new Counted(1)), registry.encode(new OrderPlaced('ada'))]);
    expect(await harness.deliver(messageOf(both))).toEqual(['+ACK']);
    expect(await harness.deliver(messageOf(commit(1), { sequence: 8 }))).toEqual(['+ACK']);
    expect(types).toEqual(['OrderPlaced']);
  });
});

describe('a message that is no commit for handlers', () => {
  it('is acknowledged without a call if it is of a system category', async () => {
    const harness = new CommitHarness();
    const system = { ...commit(1), stream: streamName('order', '1') };
    const message = messageOf(system, {
      subject: subjectOf('shop', system.stream).replace('.order.', '.$tag.'),
    });
    expect(await harness.deliver(message)).toEqual(['+ACK']);
    expect(harness.handled).toEqual([]);
  });

  it('has those of an own category handled by a handler that asks for it by name', async () => {
    const harness = new CommitHarness({ ownCategories: ['$process'] });
    const ofCategory = (category: string): FakeMessage =>
      messageOf({ ...commit(1), stream: storedStream(category, '42') });
    expect(await harness.deliver(ofCategory('$timer'))).toEqual(['+ACK']);
    expect(harness.handled).toEqual([]);
    expect(await harness.deliver(ofCategory('$process'))).toEqual(['+ACK']);
    expect(harness.handled).toEqual([1]);
  });

  it('is parked if it cannot be decoded', async () => {
    const harness = new CommitHarness();
    await harness.deliver(messageOf(commit(1), { data: { format: 1 } }));
    expect(harness.place?.parked).toMatchObject([{ facts: { eventId: undefined } }]);
  });
});

describe('a redriven event', () => {
  it('is read from the log again, and is the only one of its commit that is handled', async () => {
    const bodies = new Map([[SEQUENCE, encodeCommit(commit(1, 2, 3))]]);
    const harness = new CommitHarness({ policy: { maxDeliver: 1 }, bodies });
    harness.failing.add(2);
    await harness.deliver(messageOf(commit(1, 2, 3)));
    harness.failing.clear();
    const redriven = harness.place!.redriven(0, { sequence: 50 });
    expect(await harness.redrive(redriven)).toEqual(['+ACK']);
    expect(harness.handled).toEqual([1, 2, 3, 2]);
    expect(harness.place?.removed).toEqual([50]);
  });

  it('is ended if its commit was removed from the log', async () => {
    const harness = new CommitHarness({ policy: { maxDeliver: 1 } });
    harness.failing.add(1);
    await harness.deliver(messageOf(commit(1)));
    expect(await harness.redrive(harness.place!.redriven(0))).toEqual(['+TERM its original is gone']);
  });
});
