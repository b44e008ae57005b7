import { CorruptStreamError } from '../../src/event/event-errors.js';
import { Projections } from '../../src/projection/projections.js';
import type { ProjectionLog } from './projection-log.js';
import { FaultyProjectionStore } from './faulty-projection-store.js';
import { OrderPlaced, orderStream, sums } from './orders.js';
import { ProjectionBench, errorOf, inState, quick, statusOf } from './projection-bench.js';

let bench: ProjectionBench;
let log: ProjectionLog;
let store: FaultyProjectionStore;

beforeEach(() => {
  bench = new ProjectionBench();
  ({ log, store } = bench);
});

afterEach(() => bench.stop());

describe('a failure', () => {
  it('of a handler is tried again, and rolls back the writes of the batch', async () => {
    let failures = 2;
    const projections = await bench.started(
      sums(store, {
        after: (customer) => {
          if (customer === 'bob' && failures-- > 0) throw new TypeError('flaky');
        },
      }),
    );
    await log.append(orderStream, [new OrderPlaced('ada'), new OrderPlaced('bob')]);
    const { position } = await bench.place('cleo');
    await projections.waitFor('sums', position, quick);
    expect([...store.model]).toEqual([
      ['ada', 1],
      ['bob', 1],
      ['cleo', 1],
    ]);
    expect(bench.reported.length).toBeGreaterThan(0);
    expect(statusOf(projections)).toMatchObject({ state: 'live', error: undefined });
  });

  it('of a handler that persists stops before that event and names it; a restart tries it again', async () => {
    let calls = 0;
    let broken = true;
    const definition = sums(store, {
      before: (customer) => {
        if (customer !== 'bob') return;
        calls += 1;
        if (broken) throw new TypeError('no bob');
      },
    });
    await bench.place('ada');
    const { position } = await bench.place('bob');
    await bench.place('cleo');
    const projections = await bench.started(definition);
    const waiting = errorOf(projections.waitFor('sums', position, quick));
    const { error } = await inState(projections, 'failed');
    expect(error).toMatchObject({
      code: 'projection-failed',
      projection: 'sums',
      cause: new TypeError('no bob'),
    });
    expect(error?.message).toContain('OrderPlaced failed at 2.0 (order/42): no bob');
    expect(await waiting).toBe(error);
    expect(await errorOf(projections.waitFor('sums', position))).toBe(error);
    await projections.waitFor('sums', '1.0' as typeof position);
    expect(calls).toBe(5);
    expect([...store.model]).toEqual([['ada', 1]]);
    broken = false;
    await projections.start();
    await projections.waitUntilLive(quick);
    expect([...store.model.keys()]).toEqual(['ada', 'bob', 'cleo']);
  });

  it('of one projection does not affect the others', async () => {
    const bad = sums(new FaultyProjectionStore(), {
      name: 'bad',
      before: () => {
        throw new TypeError('bad');
      },
    });
    const projections = await bench.started(sums(store), bad);
    const { position } = await bench.place('ada');
    await inState(projections, 'failed', 1);
    await projections.waitFor('sums', position, quick);
    expect(await errorOf(projections.waitUntilLive(quick))).toMatchObject({ code: 'projection-failed' });
  });

  it('of the database is waited out, at the start and later, for more tries than a handler gets', async () => {
    store.faults.push('before');
    await bench.place('ada');
    const projections = bench.projections(sums(store));
    await projections.start();
    expect(statusOf(projections)).toMatchObject({
      state: 'catching-up',
      error: new TypeError('the database is down'),
    });
    await projections.waitUntilLive(quick);
    store.faults.push('before', 'before', 'before', 'before', 'before', 'before');
    const { position } = await bench.place('ada');
    await projections.waitFor('sums', position, { timeoutMs: 10_000 });
    expect(store.model.get('ada')).toBe(2);
    expect(bench.reported).toHaveLength(2);
  });

  it('between commit and answer neither applies the batch twice nor counts as another owner', async () => {
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    store.faults.push('after');
    const { position } = await bench.place('ada');
    await projections.waitFor('sums', position, quick);
    expect(store.model.get('ada')).toBe(1);
    expect(statusOf(projections).state).toBe('live');
  });

  it('of the replay stops the projection with the cause', async () => {
    const projections = await bench.started(sums(store));
    const cause = new CorruptStreamError({ stream: 'order/42', position: '1', reason: 'no commit' });
    log.breakFollow(cause);
    expect((await inState(projections, 'failed')).error).toMatchObject({ code: 'projection-failed', cause });
  });

  it('of onError is ignored', async () => {
    await using projections = new Projections(log, [sums(store)], {
      onError: () => {
        throw new TypeError('listener');
      },
    });
    store.faults.push('before');
    await projections.start();
    await projections.waitUntilLive(quick);
    expect(statusOf(projections).error).toBeUndefined();
  });
});

describe('a message that holds no sound commit', () => {
  const foreign = (meta: object): string =>
    JSON.stringify({
      format: 1,
      stream: ['order', 'x'],
      commit: 'c',
      attempt: 'a',
      number: 1,
      version: 1,
      meta,
      events: [{ type: 'OrderPlaced', schema: 1, data: { customer: 'eve', amount: 1 } }],
    });

  it.each([
    ['text', 'hello', /not JSON/],
    ['metadata that are no text', foreign({ correlationId: {} }), /meta.correlationId is not text/],
    ['another slot', foreign({}), /belongs to order\/x/],
  ])('(%s) stops a projection, unless it has onCorrupt', async (_, body, reason) => {
    const told: CorruptStreamError[] = [];
    const passing = sums(store, { onCorrupt: (error) => void told.push(error) });
    const strict = sums(new FaultyProjectionStore(), { name: 'strict' });
    const projections = await bench.started(passing, strict);
    await bench.place('ada');
    log.storeForeign(`${log.name}.99.order.x`, body);
    const { position } = await bench.place('bob');
    await projections.waitFor('sums', position, quick);
    expect([...store.model.keys()]).toEqual(['ada', 'bob']);
    expect(told).toEqual([expect.objectContaining({ code: 'corrupt-stream', position: '2.0' })]);
    expect(told[0]?.message).toMatch(reason);
    const { error } = await inState(projections, 'failed', 1);
    expect(error).toMatchObject({
      code: 'projection-failed',
      cause: { code: 'corrupt-stream', position: '2.0' },
    });
    expect(statusOf(projections)).toMatchObject({ state: 'live' });
  });

  it('stops the projection when onCorrupt throws', async () => {
    const projections = await bench.started(
      sums(store, {
        onCorrupt: () => {
          throw new TypeError('stop here');
        },
      }),
    );
    log.storeForeign(`${log.name}.99.order.x`, 'hello');
    const { error } = await inState(projections, 'failed');
    expect(error?.cause).toEqual(new TypeError('stop here'));
  });
});
