import { streamName, type StreamName } from '../../src/event/stream-name.js';
import type { Expectation } from '../../src/event-store/append/append-options.js';
import type { TransactionEntry } from '../../src/event-store/append/transact-options.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { TransactionConflictError } from '../../src/event-store/append/append-errors.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const name = uniqueStoreName();
let store: JetStreamEventStore;
/** The same store on another connection. */
let elsewhere: JetStreamEventStore;
let raw: RawNats;
let lastId = 0;

beforeAll(async () => {
  store = await openStore({ name, events: ORDER_EVENTS });
  elsewhere = await openStore({ name, events: ORDER_EVENTS });
  raw = await RawNats.open();
});

afterAll(async () => raw.nc.close());

function newStream(): StreamName {
  return streamName('order', `id-${++lastId}`);
}

/** A stream at the given version. */
async function streamAt(version: number): Promise<StreamName> {
  const order = newStream();
  if (version > 0) await store.append(order, counted(1, version), { expect: 'none' });
  return order;
}

async function versionsOf(...streams: StreamName[]): Promise<number[]> {
  const statuses = await Promise.all(
    streams.map(async (one) => store.status(one, { consistency: 'leader' })),
  );
  return statuses.map(({ version }) => version);
}

async function checksLeft(): Promise<number> {
  const { state } = await raw.api<{ state: { subjects?: object } }>(`STREAM.INFO.${name}`, {
    subjects_filter: `${name}.*.$check.*`,
  });
  return Object.keys(state.subjects ?? {}).length;
}

function write(order: StreamName, expect: Expectation): TransactionEntry {
  return { stream: order, expect, events: counted(1) };
}

describe('transact', () => {
  it('appends to two streams if both are as expected, and returns their versions and positions', async () => {
    const [a, b] = [newStream(), await streamAt(2)];
    const result = await store.transact(
      [
        { stream: a, expect: 'none', events: counted(1, 2) },
        { stream: b, expect: 2, events: counted(3) },
      ],
      { metadata: { actor: 'ada' } },
    );
    expect(result).toMatchObject({
      committed: true,
      entries: [
        { stream: a, version: 2, committed: true },
        { stream: b, version: 3, committed: true },
      ],
    });
    const stored = [...(await collect(store.read(a))), ...(await collect(store.read(b, { from: 3 })))];
    expect(stored.map(({ position }) => position)).toEqual(
      result.entries.flatMap(({ events }) => events.map(({ position }) => position)),
    );
    const parts = stored.map(
      ({ metadata }) => metadata['transaction'] as { id: string; part: number; of: number },
    );
    expect(parts.map(({ part, of }) => [part, of])).toEqual([
      [1, 2],
      [1, 2],
      [2, 2],
    ]);
    expect(new Set(parts.map(({ id }) => id)).size).toBe(1);
    expect(stored[0]?.metadata.actor).toBe('ada');
  });

  it('stores nothing if one stream is not as expected, and lists every violated entry', async () => {
    const [a, b, c, d] = [newStream(), await streamAt(2), await streamAt(1), newStream()];
    const error = await rejection(
      store.transact([
        write(a, 'none'),
        write(b, 1),
        { stream: c, expect: 'none' },
        { stream: d, expect: 'exists' },
      ]),
    );
    expect(error).toBeInstanceOf(TransactionConflictError);
    expect(error).toMatchObject({
      code: 'transaction-conflict',
      outcome: 'not-applied',
      violations: [
        { index: 1, stream: b.toString(), expected: 1, actual: 2 },
        { index: 2, stream: c.toString(), expected: 'none', actual: 1 },
        { index: 3, stream: d.toString(), expected: 'exists', actual: 0 },
      ],
    });
    expect(await versionsOf(a, b, c, d)).toEqual([0, 2, 1, 0]);
  });

  // expectation, and the versions of 0, 3 and 5 at which a stream meets it
  const matrix: [Expectation, number[]][] = [
    ['none', [0]],
    ['exists', [3, 5]],
    ['any', [0, 3, 5]],
    [0, [0]],
    [3, [3]],
    [5, [5]],
    [9, []],
  ];
  it.each(matrix)('checks a stream without events in it for %s', async (expected, versions) => {
    const satisfied: number[] = [];
    for (const version of [0, 3, 5]) {
      const [written, checked] = [newStream(), await streamAt(version)];
      const transaction = store.transact([write(written, 'none'), { stream: checked, expect: expected }]);
      const outcome: unknown = await transaction.catch((error: unknown) => error);
      const [stored] = await versionsOf(written);
      if (stored === 1) satisfied.push(version);
      const unchanged = { stream: checked, version, position: undefined, committed: false, events: [] };
      const violation = {
        index: 1,
        stream: checked.toString(),
        expected: expected || 'none',
        actual: version,
      };
      expect(outcome).toMatchObject(
        stored === 1
          ? { committed: true, entries: [{ version: 1 }, unchanged] }
          : { violations: [violation] },
      );
      expect(await versionsOf(checked)).toEqual([version]);
    }
    expect(satisfied).toEqual(versions);
  });

  it('uses the end at the leader, not the cached one, for a checked stream that another connection appended to', async () => {
    const [written, checked] = [newStream(), await streamAt(1)];
    await elsewhere.append(checked, counted(2), { expect: 1 });
    expect(
      await rejection(store.transact([write(written, 'none'), { stream: checked, expect: 1 }])),
    ).toMatchObject({
      violations: [{ index: 1, expected: 1, actual: 2 }],
    });
    const result = await store.transact([write(written, 'any'), { stream: checked, expect: 'exists' }]);
    expect(result.committed).toBe(true);
  });

  it('deletes its checks, and no reader sees them', async () => {
    const before = await store.lastSequence();
    const checked = await streamAt(1);
    await store.transact([write(newStream(), 'none'), { stream: checked, expect: 1 }]);
    const seen = await collect(store.readAll({ from: { sequence: before + 1 } }));
    expect(seen.map(({ stream: { category } }) => category)).toEqual(['order', 'order']);
    await until('all checks are deleted', async () => (await checksLeft()) === 0);
  });

  it('removes leftover checks with sweepChecks', async () => {
    await raw.store(`${name}.5.$check.left-0`, '{"format":1,"check":["order","1"],"transaction":"left"}');
    expect(await store.sweepChecks()).toBe(0);
    expect(await checksLeft()).toBe(1);
    expect(await store.sweepChecks(0)).toBe(1);
    expect(await checksLeft()).toBe(0);
  });

  it('repeated with its command id is stored once, also on another connection and with the old expectation', async () => {
    const [a, b, checked] = [newStream(), await streamAt(1), await streamAt(1)];
    const entries = [write(a, 'none'), write(b, 1), { stream: checked, expect: 1 }];
    const first = await store.transact(entries, { commandId: 'pay' });
    await store.append(b, counted(9));
    for (const handle of [store, elsewhere]) {
      const again = await handle.transact(entries, { commandId: 'pay' });
      expect(again.committed).toBe(false);
      expect(again.entries.map(({ version, position }) => [version, position])).toEqual(
        first.entries.map(({ version, position }) => [version, position]),
      );
    }
    expect(await versionsOf(a, b)).toEqual([1, 3]);
  });

  it('called by several callers at once with one command id is stored once, and all get the same result', async () => {
    const [a, b] = [newStream(), newStream()];
    const results = await Promise.all(
      Array.from({ length: 10 }, async (_, caller) =>
        (caller % 2 === 0 ? store : elsewhere).transact([write(a, 'none'), write(b, 'none')], {
          commandId: 'once',
        }),
      ),
    );
    expect(results.filter(({ committed }) => committed)).toHaveLength(1);
    expect(new Set(results.map(({ entries }) => entries.map(({ position }) => position).join())).size).toBe(
      1,
    );
    expect(await versionsOf(a, b)).toEqual([1, 1]);
  });

  it('with one command id on different streams at once is stored once, and the other caller is told at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [a, b, c] = [newStream(), newStream(), newStream()];
      const begun = performance.now();
      const results = await Promise.allSettled([
        store.transact([write(a, 'any'), write(b, 'any')], { commandId: 'clash' }),
        elsewhere.transact([write(c, 'any'), write(b, 'any')], { commandId: 'clash' }),
      ]);
      expect(performance.now() - begun).toBeLessThan(5_000);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'command-id-reused', commandId: 'clash' },
      });
      expect(await versionsOf(b)).toEqual([1]);
      const [ofA, ofC] = await versionsOf(a, c);
      expect(ofA! + ofC!).toBe(1);
    }
  });

  it('of a command whose commits were removed fails with an error, and stores nothing', async () => {
    const [a, b] = [newStream(), newStream()];
    const { entries } = await store.transact([write(a, 'none'), write(b, 'none')], { commandId: 'gone' });
    for (const { position } of entries) {
      await raw.api(`STREAM.MSG.DELETE.${name}`, { seq: Number(position!.split('.')[0]) });
    }
    expect(
      await rejection(elsewhere.transact([write(a, 'any'), write(b, 'any')], { commandId: 'gone' })),
    ).toMatchObject({
      code: 'commit-removed',
      outcome: 'not-applied',
    });
    expect(await versionsOf(a, b)).toEqual([0, 0]);
  });

  it('counts the batch headers of a message that is close to the limit', async () => {
    const [a, b] = [newStream(), newStream()];
    const sizes = new Set<unknown>();
    const error = await rejection(store.append(a, [new OrderPlaced('x'.repeat(1_100_000))]));
    const { size, limit } = error as { size: number; limit: number };
    // from slightly below the limit to slightly above it, in steps of ten bytes
    for (let over = 20; over >= -150; over -= 10) {
      const text = 'x'.repeat(1_100_000 - (size - limit) + over);
      const outcome = await store
        .transact([
          write(newStream(), 'none'),
          { stream: b, expect: 'none', events: [new OrderPlaced(text)] },
        ])
        .then(
          () => 'stored',
          (refusal: unknown) => (refusal as { code?: string }).code,
        );
      sizes.add(outcome);
      if (outcome === 'stored') break;
    }
    expect([...sizes].filter((outcome) => outcome !== 'payload-too-large' && outcome !== 'stored')).toEqual(
      [],
    );
    expect(await versionsOf(a)).toEqual([0]);
  });

  it('loses none of many concurrent transactions on the same streams that expect any', async () => {
    const [a, b] = [newStream(), newStream()];
    await Promise.all(
      Array.from({ length: 20 }, async (_, caller) =>
        (caller % 2 === 0 ? store : elsewhere).transact([write(a, 'any'), write(b, 'any')]),
      ),
    );
    expect(await versionsOf(a, b)).toEqual([20, 20]);
  });

  it.each([
    ['an empty list', () => [], 'entries'],
    ['a list of checks only', () => [{ stream: newStream(), expect: 'none' as const }], 'entries'],
    [
      'more entries than a batch can have',
      () => Array.from({ length: 1_001 }, () => write(newStream(), 'none')),
      'entries',
    ],
    [
      'a stream that is named twice',
      () => {
        const order = newStream();
        return [write(order, 'none'), { stream: order, expect: 'none' as const }];
      },
      'entries[1].stream',
    ],
    ['an unknown key', () => [{ ...write(newStream(), 'none'), expected: 1 }], 'entries[0].expected'],
  ])('rejects %s before anything is sent', async (_, entries, option) => {
    const before = await store.lastSequence();
    expect(await rejection(store.transact(entries()))).toMatchObject({ code: 'invalid-option', option });
    expect(await store.lastSequence()).toBe(before);
  });

  it('accepts as many streams as a batch can have', async () => {
    const streams = Array.from({ length: 1_000 }, newStream);
    const { entries } = await store.transact(streams.map((order) => write(order, 'none')));
    expect(entries.every(({ version, committed }) => version === 1 && committed)).toBe(true);
  });

  it('with one commit that is too large stores nothing', async () => {
    const [a, b] = [newStream(), newStream()];
    const huge = { stream: b, events: counted(1, 60_000) };
    expect(await rejection(store.transact([write(a, 'none'), huge]))).toMatchObject({
      code: 'payload-too-large',
      stream: b.toString(),
    });
    expect(await versionsOf(a, b)).toEqual([0, 0]);
  });
});
