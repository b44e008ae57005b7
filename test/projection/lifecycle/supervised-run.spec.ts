import { type RunSupervisor, SupervisedRun } from '../../../src/projection/lifecycle/supervised-run.js';
import { CorruptCheckpointError } from '../../../src/projection/projection-errors.js';
import type { RunScope } from '../../../src/projection/run/projection-run.js';
import type { RunEvent } from '../../../src/projection/run/run-event.js';
import { FaultyProjectionStore } from '../faulty-projection-store.js';
import { OrderPlaced, orderLog, orderStream, sums } from '../orders.js';
import type { ProjectionLog } from '../projection-log.js';

const corrupt = { projection: 'sums', version: 1, column: 'position', given: 'x' };
let log: ProjectionLog;
let store: FaultyProjectionStore;
let told: (RunEvent['kind'] | 'failed')[];
const open: SupervisedRun[] = [];

beforeEach(() => {
  log = orderLog();
  store = new FaultyProjectionStore();
  told = [];
});

afterEach(async () => {
  for (const run of open.splice(0)) {
    run.stop();
    await run.ended;
  }
});

function launch(definition = sums(store), onFailure = (): void => undefined): SupervisedRun {
  const supervisor: RunSupervisor = {
    on: ({ kind }) => void told.push(kind),
    onFailure: () => {
      told.push('failed');
      onFailure();
    },
  };
  const scope: RunScope = {
    definition,
    store: log,
    model: { projection: definition.name, version: definition.version, build: 1 },
    lane: 0,
    mayDivide: true,
    isServing: () => true,
    limits: {},
  };
  const run = new SupervisedRun(scope, supervisor);
  open.push(run);
  return run;
}

describe('SupervisedRun', () => {
  it('has begun when the checkpoint is claimed, and ends after a stop without a failure', async () => {
    await log.append(orderStream, [new OrderPlaced('ada')]);
    const run = launch();
    await run.begun;
    expect(told[0]).toBe('began');
    expect(run.isOver).toBe(false);
    run.stop();
    await run.ended;
    expect(run.isOver).toBe(true);
    expect(told).not.toContain('failed');
  });

  it('has begun when its first try failed, which is reported before', async () => {
    store.faults.push('before');
    await launch().begun;
    expect(told).toEqual(['delayed']);
  });

  it('has begun and ended when it cannot begin; its failure is reported before, once', async () => {
    let wasOver: boolean | undefined;
    const broken = {
      ...sums(store),
      store: { transact: () => Promise.reject(new CorruptCheckpointError(corrupt)) },
    };
    const run = launch(broken, () => (wasOver = run.isOver));
    await run.begun;
    await run.ended;
    expect(told).toEqual(['failed']);
    expect([wasOver, run.isOver]).toEqual([false, true]);
  });
});
