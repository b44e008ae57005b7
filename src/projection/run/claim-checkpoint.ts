import type { EventStore } from '../../event-store/event-store.js';
import { type Checkpoint, type CheckpointKey, modelOf, ONLY_LANE } from '../checkpoint/checkpoint.js';
import type { CheckpointTable } from '../store/checkpoint-table.js';
import { FIRST_BUILD } from '../store/model-id.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionFencedError } from '../projection-errors.js';
import type { RebuildStart } from '../rebuild/rebuild-options.js';
import { HandlerFault } from './handler-fault.js';

/** Another owner may write between our read and our write. One of the two always succeeds. */
const CLAIM_TRIES = 10;

/** Clear the model and replay from there; `start: undefined` is the beginning of the log. */
export interface Reset {
  readonly start: RebuildStart | undefined;
}

export interface Claim {
  readonly definition: ProjectionDefinition;
  readonly store: EventStore;
  /** Continue at the stored checkpoint where this is undefined. */
  readonly reset: Reset | undefined;
}

/**
 * Makes the caller the owner of the checkpoint: from now on, no commit of an earlier owner is accepted. A
 * model that has no checkpoint yet, or is to be rebuilt, is cleared in the same transaction.
 *
 * @throws {@link ProjectionFencedError} when others were faster each time; {@link HandlerFault} when `setUp`
 * or `clear` fails.
 */
export async function claimCheckpoint(claim: Claim): Promise<Checkpoint> {
  const { definition } = claim;
  for (let tries = 1; tries <= CLAIM_TRIES; tries++) {
    const claimed = await definition.store.transact(modelOf(keyOf(definition)), ({ tx, checkpoints }) =>
      tryToClaim(claim, tx, checkpoints),
    );
    if (claimed !== undefined) return claimed;
  }
  throw new ProjectionFencedError({ projection: definition.name, version: definition.version });
}

async function tryToClaim(
  claim: Claim,
  tx: unknown,
  table: CheckpointTable,
): Promise<Checkpoint | undefined> {
  const { definition, reset } = claim;
  const key = keyOf(definition);
  const found = await table.find(key);
  const epoch = (found?.epoch ?? 0) + 1;
  const fromStart = found === undefined || reset !== undefined;
  const next: Checkpoint = fromStart
    ? {
        ...key,
        lanes: 1,
        epoch,
        caughtUp: false,
        storeIdentity: claim.store.identity,
        position: undefined,
        commitId: undefined,
        earlier: undefined,
        start: reset?.start,
      }
    : { ...found, epoch };
  // before the model is written, as in batches: transactions that lock in the same order cannot deadlock
  if (!(await table.replace(found, next))) return undefined;
  await ownCode('setUp failed', () => definition.setUp(tx));
  if (fromStart) await ownCode('clear failed', () => definition.fold.clear(tx));
  return next;
}

async function ownCode(message: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new HandlerFault(message, { commitsBefore: 0, cause });
  }
}

function keyOf({ name, version }: ProjectionDefinition): CheckpointKey {
  return { projection: name, version, build: FIRST_BUILD, lane: ONLY_LANE };
}
