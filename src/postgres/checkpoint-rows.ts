import { asPosition } from '../event/position.js';
import type { Checkpoint, CheckpointKey } from '../projection/checkpoint.js';
import type { CheckpointTable } from '../projection/projection-store.js';
import { decodeStart, encodeStart } from './start-column.js';
import type { SqlDatabase, SqlRow } from './sql-database.js';

/** Creates the table where it does not exist. */
export const CREATE_CHECKPOINTS = `create table if not exists jetsource_checkpoint (
  projection text not null,
  version integer not null,
  epoch bigint not null,
  store_identity text not null,
  position text,
  commit_id text,
  start_at text,
  updated_at timestamptz not null default now(),
  primary key (projection, version)
)`;

const FIND = `select projection, version, epoch, store_identity, position, commit_id, start_at
from jetsource_checkpoint where projection = $1 and version = $2`;

const INSERT = `insert into jetsource_checkpoint (projection, version, epoch, store_identity, position, commit_id, start_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (projection, version) do nothing
returning 1`;

const REPLACE = `update jetsource_checkpoint
set epoch = $3, store_identity = $4, position = $5, commit_id = $6, start_at = $7, updated_at = now()
where projection = $1 and version = $2 and epoch = $8 and position is not distinct from $9
returning 1`;

/** The rows of `jetsource_checkpoint` as a transaction sees them. */
export class CheckpointRows<Tx> implements CheckpointTable {
  readonly #database: SqlDatabase<Tx>;
  readonly #tx: Tx;

  constructor(database: SqlDatabase<Tx>, tx: Tx) {
    this.#database = database;
    this.#tx = tx;
  }

  async find(key: CheckpointKey): Promise<Checkpoint | undefined> {
    const [row] = await this.#database.query(this.#tx, FIND, [key.projection, key.version]);
    return row === undefined ? undefined : checkpointOf(row);
  }

  async replace(previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean> {
    const values = valuesOf(next);
    const rows =
      previous === undefined
        ? await this.#database.query(this.#tx, INSERT, values)
        : await this.#database.query(this.#tx, REPLACE, [
            ...values,
            previous.epoch,
            previous.position ?? null,
          ]);
    return rows.length === 1;
  }
}

function valuesOf(checkpoint: Checkpoint): unknown[] {
  return [
    checkpoint.projection,
    checkpoint.version,
    checkpoint.epoch,
    checkpoint.storeIdentity,
    checkpoint.position ?? null,
    checkpoint.commitId ?? null,
    encodeStart(checkpoint.start),
  ];
}

function checkpointOf(row: SqlRow): Checkpoint {
  return {
    projection: String(row['projection']),
    version: Number(row['version']),
    // drivers give a bigint as number, string or BigInt
    epoch: Number(row['epoch']),
    storeIdentity: String(row['store_identity']),
    position: typeof row['position'] === 'string' ? asPosition(row['position']) : undefined,
    commitId: typeof row['commit_id'] === 'string' ? row['commit_id'] : undefined,
    start: decodeStart(row['start_at']),
  };
}
