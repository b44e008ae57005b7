import { randomUUID } from 'node:crypto';
import { asPosition } from '../../src/event/position.js';
import type { Projections } from '../../src/projection/projections.js';
import { Controls } from '../../src/projection/operation/controls.js';
import type { ControlRequest } from '../../src/projection/operation/control-record.js';
import type { ProjectionLog } from './projection-log.js';
import type { FaultyProjectionStore } from './faulty-projection-store.js';
import { sums } from './orders.js';
import { ProjectionBench, errorOf, inState, quick, statusOf } from './projection-bench.js';

const ID = { name: 'sums', version: 1 };

let bench: ProjectionBench;
let log: ProjectionLog;
let store: FaultyProjectionStore;

beforeEach(() => {
  bench = new ProjectionBench();
  ({ log, store } = bench);
});

afterEach(() => bench.stop());

describe('pause', () => {
  it('stops a projection in the process that runs it, whoever asks, until resume', async () => {
    const owner = await bench.started(sums(store));
    const other = await bench.started(sums(store));
    await other.waitUntilLive(quick);
    await other.pause('sums');
    await inState(owner, 'paused');
    const { position } = await bench.place('ada');
    const error = await errorOf(other.waitFor('sums', position, { timeoutMs: 100 }));
    expect(error.message).toContain('it is paused');
    expect(store.model.size).toBe(0);
    await other.resume('sums');
    await owner.waitFor('sums', position, quick);
    expect(store.model.get('ada')).toBe(1);
  });

  it('holds for processes that start later', async () => {
    const first = await bench.started(sums(store));
    await first.pause('sums');
    await first.stop();
    const { position } = await bench.place('ada');
    const second = await bench.started(sums(store));
    expect(statusOf(second).state).toBe('paused');
    await second.resume('sums');
    await second.waitFor('sums', position, quick);
  });

  it('is over when a rebuild begins', async () => {
    await bench.place('ada');
    const projections = await bench.started(sums(store));
    await projections.pause('sums');
    await projections.rebuild('sums');
    expect((await inState(projections, 'live')).caughtUp).toBe(true);
  });
});

describe('reset', () => {
  it('is refused while the projection runs anywhere, and changes nothing then', async () => {
    await bench.place('ada');
    const owner = await bench.started(sums(store));
    const other = await bench.started(sums(store));
    await other.waitUntilLive(quick);
    for (const projections of [owner, other]) {
      const error = await errorOf(projections.reset('sums'));
      expect(error).toMatchObject({ code: 'projection-busy', projection: 'sums' });
      expect(error.message).toContain('lane 0 is live; pause it first');
    }
    expect(store.model.get('ada')).toBe(1);
  });

  it('empties the model of one that is paused; it is built from there when it is resumed', async () => {
    for (const customer of ['ada', 'bob']) await bench.place(customer);
    const projections = await bench.started(sums(store));
    await projections.waitUntilLive(quick);
    await projections.pause('sums');
    await projections.reset('sums', { from: { sequence: 2 } });
    expect(store.model.size).toBe(0);
    expect(store.checkpoint('sums')).toMatchObject({ position: undefined, caughtUp: false });
    await projections.resume('sums');
    await projections.waitUntilLive(quick);
    expect([...store.model.keys()]).toEqual(['bob']);
  });

  it('empties the model of one that was never started', async () => {
    const projections = bench.projections(sums(store));
    store.model.set('left over', 1);
    await projections.reset('sums');
    expect(store.model.size).toBe(0);
  });
});

describe('a request from outside', () => {
  const ask = async (kind: ControlRequest['kind'], from?: string): Promise<ControlRequest> => {
    const controls = new Controls(log.records);
    const request: ControlRequest = { id: randomUUID(), kind, from, state: 'asked' };
    await controls.change(ID, (control) => ({ ...control, request }));
    for (let tries = 0; tries < 400; tries += 1) {
      const { request: now } = await controls.get(ID);
      if (now?.state === 'done' || now?.state === 'failed') return now;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new RangeError('nobody answered');
  };

  it('is done once, by the process that owns the projection', async () => {
    for (const customer of ['ada', 'bob']) await bench.place(customer);
    const owner = await bench.started(sums(store));
    await bench.started(sums(store));
    await owner.waitUntilLive(quick);
    expect(await ask('rebuild', 'sequence:2')).toMatchObject({ state: 'done' });
    expect([...store.model.keys()]).toEqual(['bob']);
    // claimed, emptied, claimed
    expect(store.checkpoint('sums')?.epoch).toBe(3);
  });

  it('fails with the reason', async () => {
    const owner = await bench.started(sums(store));
    await owner.waitUntilLive(quick);
    const { state, error } = await ask('reset');
    expect(state).toBe('failed');
    expect(error).toContain('pause it first');
    expect((await ask('serve')).error).toContain('keeps models side by side');
    expect((await ask('cancel')).error).toContain('keeps models side by side');
  });
});

describe('an operation whose database fails', () => {
  const operations: [string, (projections: Projections) => Promise<unknown>][] = [
    ['rebuild', (projections) => projections.rebuild('sums')],
    ['cancelRebuild', (projections) => projections.cancelRebuild('sums')],
    ['reset', (projections) => projections.reset('sums')],
    ['parked', (projections) => projections.parked('sums')],
    ['redrive', (projections) => projections.redrive('sums')],
    ['discard', (projections) => projections.discard('sums', [asPosition('1.0')])],
    ['serve', (projections) => projections.serve('sums')],
    ['drop', (projections) => projections.drop({ name: 'sums', version: 7 })],
  ];

  it.each(operations)(
    'rejects with a typed error before anything is changed: %s',
    async (operation, operate) => {
      const projections = bench.projections(sums(store));
      store.faults.push('before');
      const error = await errorOf(operate(projections));
      expect(error).toMatchObject({
        code: 'projection-operation',
        outcome: 'not-applied',
        operation,
        projection: 'sums',
        version: 1,
        cause: new TypeError('the database is down'),
      });
      expect(error.message).toContain('the database is down; nothing was changed; repeat it');
    },
  );

  it('says that a change may have been committed when the connection broke then', async () => {
    const projections = bench.projections(sums(store));
    await projections.parked('sums');
    store.faults.push(undefined, 'after');
    const error = await errorOf(projections.reset('sums'));
    expect(error).toMatchObject({ code: 'projection-operation', outcome: 'unknown', operation: 'reset' });
    expect(error.message).toContain('it may have been done');
  });

  it('says that nothing was changed when what only reads fails at its end', async () => {
    const projections = bench.projections(sums(store));
    store.faults.push('after');
    expect(await errorOf(projections.parked('sums'))).toMatchObject({ outcome: 'not-applied' });
  });

  it('passes the reason of a signal on', async () => {
    const projections = bench.projections(sums(store));
    const reason = new RangeError('enough');
    const signal = AbortSignal.abort(reason);
    expect(await errorOf(projections.rebuild('sums', { signal }))).toBe(reason);
  });
});
