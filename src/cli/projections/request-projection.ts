import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { describeProjection } from '../../projection/definition/projection-id.js';
import { ProjectionBusyError } from '../../projection/projection-errors.js';
import type { ProjectionRecords } from './projection-records.js';
import type { SurveyedProjection } from './projection-survey.js';
import { Request, requireRun, type Wish } from './request.js';
import type { ProjectionsSurroundings } from './surroundings.js';

/** Which projection is meant. */
export interface ChosenProjection {
  readonly name: string;
  readonly version: number | undefined;
  readonly json: boolean | undefined;
}

/**
 * Has the model of a paused projection emptied.
 *
 * @returns whether it came to its end; false when the signal aborted before.
 * @throws {@link InvalidOptionError} without a person to ask and without `yes`; {@link UnknownProjectionError}.
 * @throws {@link ProjectionBusyError} when it is not paused, nobody runs it, or the person says no.
 */
export async function resetProjection(
  records: ProjectionRecords,
  { yes, ...chosen }: ChosenProjection & { readonly yes: boolean | undefined },
  surroundings: ProjectionsSurroundings,
): Promise<boolean> {
  const projection = await records.find(chosen);
  const { id, control } = projection;
  requireRun(projection, 'reset');
  const refuse = (reason: string): ProjectionBusyError =>
    new ProjectionBusyError({ projection: id.name, version: id.version, reason });
  if (!control.isPaused)
    throw refuse(
      `a reset is for a projection that stands still; run jetsource projections pause ${id.name} first, and resume after it`,
    );
  if (yes !== true) {
    const { isTerminal, confirm, signal } = surroundings;
    if (!isTerminal) {
      const allowed = 'given where nobody can be asked, to empty the model';
      throw new InvalidOptionError({ option: '--yes', given: yes, allowed });
    }
    const question = `This empties the model of ${describeProjection(id)}. Readers see nothing in it until it is resumed and built again. Go on?`;
    const isWanted = await confirm(question);
    if (signal.aborted) return false;
    if (!isWanted) throw refuse('the answer was no');
  }
  const line = `emptied ${describeProjection(id)}; it is built again after jetsource projections resume ${id.name}`;
  return requested(records, { projection, kind: 'reset', line, json: chosen.json }, surroundings);
}

/**
 * Has readers see a version.
 *
 * @returns whether it came to its end; false when the signal aborted before.
 * @throws {@link UnknownProjectionError}; {@link ProjectionBusyError} when nobody runs it, or it is refused.
 */
export async function serveProjection(
  records: ProjectionRecords,
  chosen: ChosenProjection,
  surroundings: ProjectionsSurroundings,
): Promise<boolean> {
  const projection = await records.find(chosen);
  requireRun(projection, 'serve');
  const line = `readers see ${describeProjection(projection.id)} now`;
  return requested(records, { projection, kind: 'serve', line, json: chosen.json }, surroundings);
}

/**
 * Has a rebuild ended that is made beside the model that readers see.
 *
 * @returns whether it came to its end; false when the signal aborted before.
 * @throws {@link UnknownProjectionError}; {@link ProjectionBusyError} when nobody runs it, or there is no rebuild.
 */
export async function cancelRebuild(
  records: ProjectionRecords,
  chosen: ChosenProjection,
  surroundings: ProjectionsSurroundings,
): Promise<boolean> {
  const projection = await records.find(chosen);
  requireRun(projection, 'cancel');
  const line = `cancelled the rebuild of ${describeProjection(projection.id)}; readers see what they saw before`;
  return requested(records, { projection, kind: 'cancel', line, json: chosen.json }, surroundings);
}

interface Asked {
  readonly projection: SurveyedProjection;
  readonly kind: Wish['kind'];
  /** What is said when it is done. */
  readonly line: string;
  readonly json: boolean | undefined;
}

async function requested(
  records: ProjectionRecords,
  { projection, kind, line, json }: Asked,
  surroundings: ProjectionsSurroundings,
): Promise<boolean> {
  const { id } = projection;
  const { print, note } = surroundings;
  const request = new Request(records, { projection, wish: { kind } }, surroundings);
  await request.ask();
  const isDone = await request.done();
  if (isDone) print(json === true ? JSON.stringify({ ...id, [kind]: true }) : line);
  else note(`the ${kind} of ${describeProjection(id)} stays asked for; see jetsource projections status`);
  return isDone;
}
