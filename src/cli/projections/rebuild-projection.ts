import { describeProjection } from '../../projection/definition/projection-id.js';
import type { ProjectionRecords } from './projection-records.js';
import { rebuildDisplay } from './rebuild-display.js';
import { RebuildWatch } from './rebuild-watch.js';
import { Request, requireRun } from './request.js';
import type { ProjectionsSurroundings } from './surroundings.js';

/** Which projection is to be rebuilt, and how that is shown. */
export interface AskedRebuild {
  readonly name: string;
  readonly version: number | undefined;
  /** As the record of a request holds it; undefined for the beginning. */
  readonly from: string | undefined;
  /** Whether the end is not waited for. */
  readonly detach: boolean | undefined;
  /** Whether a bar may be shown. */
  readonly hasBar: boolean;
  readonly json: boolean | undefined;
}

/**
 * Has a projection rebuilt by the process that runs it.
 *
 * @returns whether it was rebuilt, or is not waited for; false when the signal aborted before.
 * @throws {@link UnknownProjectionError}; {@link ProjectionBusyError} when nobody does it.
 * @throws {@link ProjectionFailedError} when it fails, or keeps failing.
 */
export async function rebuildProjection(
  records: ProjectionRecords,
  { from, detach, hasBar, json, ...which }: AskedRebuild,
  surroundings: ProjectionsSurroundings,
): Promise<boolean> {
  const { print, note, isTerminal, patience } = surroundings;
  const projection = await records.find(which);
  requireRun(projection, 'rebuild');
  const { id } = projection;
  const told = (line: string, facts: object): void =>
    print(json === true ? JSON.stringify({ ...id, ...facts }) : line);
  const request = new Request(records, { projection, wish: { kind: 'rebuild', from } }, surroundings);
  const begunAt = performance.now();
  await request.ask();
  const seeStatus = `see jetsource projections status ${id.name}`;
  if (detach === true) {
    told(`asked for a rebuild of ${describeProjection(id)}; ${seeStatus}`, { asked: true });
    return true;
  }
  const display = rebuildDisplay(note, isTerminal && hasBar && json !== true);
  try {
    const watch = new RebuildWatch(id, display, patience.failingMs);
    const isDone = await request.done((seen) => watch.look(seen));
    display.end();
    if (!isDone) {
      note(`the rebuild of ${describeProjection(id)} goes on; ${seeStatus}`);
      return false;
    }
  } finally {
    display.end();
  }
  const durationMs = Math.round(performance.now() - begunAt);
  told(`rebuilt ${describeProjection(id)} in ${durationMs} ms`, { rebuilt: true, durationMs });
  return true;
}
