import { type EventStore, type Position, type Projections, streamName } from '../../src/index.js';
import { type ProjectionStatus } from '../../src/index.js';
import { until } from '../support/collect.js';
import { Counted } from '../support/order-events.js';
import { checkTally, freshFold, type ReadDatabase } from './check-tally.js';
import type { Tally } from './tallies.js';

/** How long a healing may take when nothing but the machine is slow. */
export const PATIENCE_MS = 30_000;

/** Appends events with the numbers `from` to `to`, each to one of ten streams. */
export async function appendCounted(
  store: EventStore,
  from: number,
  to: number,
): Promise<Position | undefined> {
  let position: Position | undefined;
  for (let n = from; n <= to; n += 1)
    ({ position } = await store.append(streamName('tally', `${n % 10}`), [new Counted(n)]));
  return position;
}

/** Waits until the status of a projection is so, and returns it. */
export async function statusWhen(
  projections: Projections,
  name: string,
  isSo: (status: ProjectionStatus) => boolean,
): Promise<ProjectionStatus> {
  await until(`the status of ${name} is as expected`, () => isSo(projections.status(name)), PATIENCE_MS);
  return projections.status(name);
}

/** What is wrong with a tally, compared with a fresh fold of the log. */
export async function faultsOf(db: ReadDatabase, tally: Tally, store: EventStore): Promise<string[]> {
  return checkTally(db, tally, await freshFold(store));
}
