import type { EventStore } from '../event-store/event-store.js';
import { ProjectionFencedError } from './projection-errors.js';
import type { Checkpoint } from './checkpoint.js';
import type { ProjectionDefinition } from './define-projection.js';
import { HandlerFault } from './handler-fault.js';
import type { CheckpointTable } from './projection-store.js';
import type { RebuildStart } from './rebuild.js';

/** Another owner may claim or commit between reading and writing; one of them always gets further. */
const CLAIM_TRIES = 10;

/** Begin the model anew from there; `start: undefined` is the beginning of the log. */
export interface Reset {
  readonly start: RebuildStart | undefined;
}

/**
 * Makes the caller the owner of the checkpoint: no commit of an earlier owner is accepted from here on. A model without a checkpoint, and one
 * that is to be rebuilt, is emptied in the same transaction.
 *
 * @throws {@link ProjectionFencedError} when others were quicker each time; {@link HandlerFault} when `setUp` or `clear` fails.
 */
export async function claimCheckpoint(
  definition: ProjectionDefinition,
  store: EventStore,
  reset?: Reset,
): Promise<Checkpoint> {
  for (let tries = 1; tries <= CLAIM_TRIES; tries++) {
    const claimed = await definition.store.transact((tx, table) =>
      claim(definition, store, tx, table, reset),
    );
    if (claimed !== undefined) return claimed;
  }
  throw new ProjectionFencedError({ projection: definition.name });
}

async function claim(
  definition: ProjectionDefinition,
  store: EventStore,
  tx: unknown,
  table: CheckpointTable,
  reset: Reset | undefined,
): Promise<Checkpoint | undefined> {
  const key = { projection: definition.name, version: definition.version };
  const found = await table.find(key);
  const epoch = (found?.epoch ?? 0) + 1;
  const anew = found === undefined || reset !== undefined;
  const next: Checkpoint = anew
    ? {
        ...key,
        epoch,
        storeIdentity: store.identity,
        position: undefined,
        commitId: undefined,
        start: reset?.start,
      }
    : { ...found, epoch };
  // before the model, as batches do: transactions that lock in the same order cannot deadlock
  if (!(await table.replace(found, next))) return undefined;
  await ownCode('setUp failed', () => definition.setUp(tx));
  if (anew) await ownCode('clear failed', () => definition.clear(tx));
  return next;
}

async function ownCode(message: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new HandlerFault(message, 0, cause);
  }
}
