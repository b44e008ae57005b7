import { hasReached } from '../../../src/projection/progress/lane-view.js';
import { type Position, positionOf } from '../../../src/event/position.js';
import type { Checkpoint } from '../../../src/projection/store/checkpoint.js';
import { ProjectionProgress } from '../../../src/projection/progress/projection-progress.js';
import { ProjectionDivergedError, ProjectionFailedError } from '../../../src/projection/projection-errors.js';

const projection = { projection: 'sums', version: 1 };
const failed = new ProjectionFailedError({ ...projection, reason: 'r' });

function checkpointAt(position: Position | undefined): Checkpoint {
  const rest = { epoch: 1, storeIdentity: 'i', commitId: undefined, start: undefined };
  return { ...projection, lane: 0, build: 1, lanes: 1, caughtUp: false, position, ...rest };
}

/** The progress of a run that found a checkpoint at 3.0 in a log of 10 messages. */
function begun(): ProjectionProgress {
  const progress = new ProjectionProgress();
  progress.launched();
  progress.on({ kind: 'began', checkpoint: checkpointAt(positionOf(3, 0)), lastSequence: 10 });
  return progress;
}

function reached(progress: ProjectionProgress, position: Position): boolean {
  return hasReached({ lane: 0, ...progress.report() }, position);
}

describe('ProjectionProgress', () => {
  it('is idle before the first start, and has reached nothing', () => {
    const progress = new ProjectionProgress();
    expect(progress).toMatchObject({
      state: 'idle',
      position: undefined,
      error: undefined,
    });
    expect(reached(progress, positionOf(1, 0))).toBe(false);
  });

  it('has reached the checkpoint, and no more', () => {
    const progress = begun();
    expect(progress).toMatchObject({ state: 'catching-up', position: '3.0' });
    expect(reached(progress, positionOf(3, 0))).toBe(true);
    expect(reached(progress, positionOf(3, 1))).toBe(false);
  });

  it('moves with each transaction', () => {
    const progress = begun();
    progress.on({ kind: 'applied', checkpoint: checkpointAt(positionOf(5, 1)), commits: [] });
    expect(reached(progress, positionOf(5, 1))).toBe(true);
    expect(reached(progress, positionOf(6, 0))).toBe(false);
    expect(progress.state).toBe('catching-up');
  });

  it('is live after the last batch, and has then reached all that the log held at the start', () => {
    const progress = begun();
    progress.on({ kind: 'batch-done', caughtUp: false, pending: 3 });
    expect(progress.state).toBe('catching-up');
    expect(reached(progress, positionOf(10, 7))).toBe(false);
    progress.on({ kind: 'batch-done', caughtUp: true, pending: 0 });
    expect(progress.state).toBe('live');
    expect(reached(progress, positionOf(10, 7))).toBe(true);
    expect(reached(progress, positionOf(11, 0))).toBe(false);
  });

  it('keeps its position while it waits, and drops the error when work continues', () => {
    const progress = begun();
    progress.on({ kind: 'batch-done', caughtUp: true, pending: 0 });
    progress.on({ kind: 'interrupted' });
    expect(progress).toMatchObject({ state: 'catching-up', error: undefined });
    const error = new TypeError('down');
    progress.on({ kind: 'delayed', error });
    expect(progress).toMatchObject({ state: 'catching-up', error });
    expect(reached(progress, positionOf(3, 0))).toBe(true);
    progress.on({ kind: 'batch-done', caughtUp: true, pending: 0 });
    expect(progress).toMatchObject({ state: 'live', error: undefined });
  });

  it.each([
    ['failed', failed, true],
    ['failed', new TypeError('not one of ours'), true],
    ['diverged', new ProjectionDivergedError({ ...projection, reason: 'r' }), false],
  ])('is %s after %p; whether its model is still known: %s', (state, error, isKnown) => {
    const progress = begun();
    progress.failed(error);
    expect(progress).toMatchObject({ state, error });
    expect(reached(progress, positionOf(3, 0))).toBe(isKnown);
  });
});
