import { sleep } from '../../kernel/sleep.js';
import { describeProjection } from '../../projection/definition/projection-id.js';
import { WaitTimeoutError } from '../../projection/projection-errors.js';
import type { LaneStatus } from '../../projection/projection-status.js';
import { NOBODY, processText } from './describe-projections.js';
import type { ProjectionRecords } from './projection-records.js';
import type { SurveyedProjection } from './projection-survey.js';
import type { ChosenProjection } from './request-projection.js';
import type { ProjectionsSurroundings } from './surroundings.js';

/**
 * Pauses or resumes a projection in all processes, and waits until the owners of its lanes say so.
 *
 * @returns whether it came to its end; false when the signal aborted before.
 * @throws {@link UnknownProjectionError}; {@link WaitTimeoutError} with those who did not say so.
 */
export async function steerProjection(
  records: ProjectionRecords,
  { isPaused, json, ...which }: ChosenProjection & { readonly isPaused: boolean },
  { print, note, signal, patience }: ProjectionsSurroundings,
): Promise<boolean> {
  const { id } = await records.find(which);
  await records.change(id, (control) => ({ ...control, isPaused }));
  const what = isPaused ? 'paused' : 'resumed';
  const begunAt = performance.now();
  for (;;) {
    const seen = await records.find(id);
    const late = lateLanes(seen, isPaused);
    if (late.length === 0) {
      const isRun = seen.status !== undefined;
      const held = isRun ? '' : `; ${NOBODY}, it holds for whoever does next`;
      print(
        json === true
          ? JSON.stringify({ ...id, [what]: true, isRun })
          : `${what} ${describeProjection(id)}${held}`,
      );
      return true;
    }
    if (performance.now() - begunAt > patience.steeredMs)
      throw new WaitTimeoutError({
        what: `the word of all owners that ${describeProjection(id)} is ${what}`,
        timeoutMs: patience.steeredMs,
        progress: `${late.map(laneText).join('; ')}; it stays ${what} all the same`,
      });
    await sleep(patience.pollMs, signal).catch(() => undefined);
    if (!signal.aborted) continue;
    note(`${describeProjection(id)} stays ${what}; not all owners have said so yet`);
    return false;
  }
}

/** Lanes whose owners have not said yet that they stand still, or go on. */
function lateLanes({ status }: SurveyedProjection, isPaused: boolean): LaneStatus[] {
  const owned = status?.lanes.filter(({ owner }) => owner !== undefined) ?? [];
  return owned.filter(({ state }) => (state === 'paused') !== isPaused);
}

function laneText({ lane, state, owner }: LaneStatus): string {
  return `lane ${lane} of ${owner === undefined ? 'nobody' : processText(owner)} is ${state}`;
}
