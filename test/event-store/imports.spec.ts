import { encodeCommit } from '../../src/event/commit-format.js';
import type { StoredCommit } from '../../src/event/commit.js';
import { nextPredecessors } from '../../src/event/predecessors.js';
import { streamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import { verifyLog } from '../../src/event-store/verify/verify-log.js';
import type { StoreFault } from '../../src/event-store/verify/store-fault.js';
import { InMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { resolveInMemoryOptions } from '../../src/testing/in-memory/in-memory-options.js';
import { InMemoryStorage } from '../../src/testing/in-memory/in-memory-storage.js';
import { collect } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';

const order = streamName('order', '1');

class Store extends InMemoryEventStore {
  readonly storage: InMemoryStorage;

  constructor(storage = new InMemoryStorage()) {
    super(resolveInMemoryOptions({ name: 'shop', events: ORDER_EVENTS }), storage);
    this.storage = storage;
  }

  add(subject: string, payload: Uint8Array): number {
    return this.storage.store([{ subject, payload, headers: {} }]);
  }

  async faults(): Promise<StoreFault[]> {
    const faults: StoreFault[] = [];
    await verifyLog(this.log, { store: this.name, onFault: (fault) => faults.push(fault) });
    return faults;
  }
}

function commitOf(number: number, changes: Partial<StoredCommit> = {}): StoredCommit {
  return {
    stream: order,
    commitId: `c${number}`,
    attemptId: 'a',
    number,
    firstVersion: number,
    predecessors: [],
    metadata: { occurredAt: '2026-01-01T00:00:00Z' },
    events: [{ type: 'Counted', schemaVersion: 1, data: { n: number } }],
    sequence: 0,
    ...changes,
  };
}

/** Commits as they stood in another log, where each had a sequence `shift` above. */
function importInto(store: Store, count: number, shift: number): void {
  let predecessors: readonly number[] = [];
  for (let number = 1; number <= count; number += 1) {
    const sequence = store.add(
      subjectOf(store.name, order),
      encodeCommit(commitOf(number, { predecessors })),
    );
    predecessors = nextPredecessors(number, sequence + shift, predecessors);
  }
}

async function numbers(store: Store): Promise<number[]> {
  return (await collect(store.read(order))).map(({ data }) => (data as Counted).n);
}

function range(to: number): number[] {
  return Array.from({ length: to }, (_, index) => index + 1);
}

describe('a stream that was imported from a log with other sequences', () => {
  it.each([
    [1, 39],
    [2, 39],
    [16, 39],
    [17, 39],
    [20, 39],
    [20, 1_000_000],
    [20, -3],
    [300, 7],
  ])('of %i commits, %i below, can be appended to, read and replayed', async (count, shift) => {
    const store = new Store();
    for (let n = 1; n <= 5; n += 1) await store.append('order/other', counted(n));
    importInto(store, count, shift);
    const fresh = new Store(store.storage);
    for (const [index, each] of [store, fresh, store, fresh].entries()) {
      if (index > 1) await numbers(each);
      await each.append(order, counted(count + 1 + index), { expect: count + index });
    }
    for (const each of [store, fresh, new Store(store.storage)]) {
      expect(await numbers(each)).toEqual(range(count + 4));
      expect(await collect(each.readAll())).toHaveLength(count + 4 + 5);
    }
    // what was appended lists the right sequences; of lists that might be right, the first reader finds out
    const lists = (await store.faults()).map(({ position }) => Number(position.split('.')[0]));
    const handedOn = shift < 0 ? [] : lists.filter((sequence) => sequence > 5 + count);
    expect(handedOn).toEqual([]);
  });

  it('costs a scan for the first append, and none for those after it', async () => {
    const store = new Store();
    importInto(store, 20, 39);
    await store.append(order, counted(21));
    expect(store.subjectScans).toBe(1);
    for (let n = 22; n <= 40; n += 1) await store.append(order, counted(n));
    expect(store.subjectScans).toBe(1);
    const fresh = new Store(store.storage);
    await fresh.append(order, counted(41), { expect: 40 });
    expect(fresh.subjectScans).toBe(0);
  });
});

describe('the verification of a store', () => {
  it('finds nothing in what was appended, with transactions and left-over checks', async () => {
    const store = new Store();
    for (let n = 1; n <= 40; n += 1) await store.append(order, counted(n));
    await store.transact(
      ['a', 'b'].map((id) => ({ stream: streamName('order', id), events: counted(1, 2) })),
    );
    store.add(`${store.name}.1.$check.x-0`, new TextEncoder().encode('{}'));
    expect(await store.faults()).toEqual([]);
  });

  it('names each fault by its position', async () => {
    const store = new Store();
    await store.append(order, counted(1));
    const subject = subjectOf(store.name, order);
    const right = encodeCommit(commitOf(2, { predecessors: [1] }));
    store.add(subject, right);
    store.add(subject, new TextEncoder().encode('hello'));
    store.add(subject.replace(/\.\d+\./, '.99.'), encodeCommit(commitOf(3, { predecessors: [2, 1] })));
    store.add(subject, right);
    store.add(subject, encodeCommit(commitOf(3, { firstVersion: 9, commitId: 'c3b', predecessors: [5, 4] })));
    store.add(subject, encodeCommit(commitOf(4, { firstVersion: 10, predecessors: [4, 1, 1] })));
    const faults = (await store.faults()).map(({ position, kind }) => `${position} ${kind}`);
    expect(faults).toEqual([
      '3.0 no-commit',
      '4.0 subject',
      '5.0 commit-id',
      '5.0 number',
      '5.0 version',
      '6.0 version',
      '7.0 predecessors',
    ]);
  });
});
