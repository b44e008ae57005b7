import type { Checkpoint, CheckpointKey } from '../projection/checkpoint/checkpoint.js';
import type { CheckpointTable } from '../projection/store/checkpoint-table.js';
import type { ModelId } from '../projection/store/model-id.js';
import { CorruptCheckpointError } from '../projection/projection-errors.js';
import { decodeMark, encodeMark } from './commit-column.js';
import { decodePosition, decodeStart, encodeStart } from '../projection/rebuild/start-text.js';
import type { SqlDatabase, SqlRow } from './sql-database.js';

const FIND = `select epoch, store_identity, position, commit_id, start_at, earlier_commit
from jetsource_checkpoint where projection = $1 and version = $2 and lane = $3`;

const INSERT = `insert into jetsource_checkpoint
  (projection, version, lane, epoch, store_identity, position, commit_id, start_at, earlier_commit)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (projection, version, lane) do nothing
returning 1`;

const REPLACE = `update jetsource_checkpoint
set epoch = $4, store_identity = $5, position = $6, commit_id = $7, start_at = $8, earlier_commit = $9,
  updated_at = now()
where projection = $1 and version = $2 and lane = $3 and epoch = $10 and position is not distinct from $11
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
    const { projection, version, lane } = key;
    const [row] = await this.#database.query(this.#tx, FIND, [projection, version, lane]);
    return row === undefined ? undefined : checkpointOf(key, row);
  }

  async list(_model: ModelId): Promise<Checkpoint[]> {
    throw new Error('to be written');
  }

  async remove(_previous: Checkpoint): Promise<boolean> {
    throw new Error('to be written');
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
    checkpoint.lane,
    checkpoint.epoch,
    checkpoint.storeIdentity,
    checkpoint.position ?? null,
    checkpoint.commitId ?? null,
    encodeStart(checkpoint.start),
    encodeMark(checkpoint.earlier),
  ];
}

/** @throws {@link CorruptCheckpointError} when a column holds what {@link valuesOf} never writes. */
function checkpointOf(key: CheckpointKey, row: SqlRow): Checkpoint {
  return {
    ...key,
    lanes: 1,
    caughtUp: true,
    // drivers return a bigint as number, string or BigInt
    epoch: Number(row['epoch']),
    storeIdentity: String(row['store_identity']),
    position: optional('position', decodePosition),
    commitId: optional('commit_id', (text) => text),
    start: optional('start_at', decodeStart),
    earlier: optional('earlier_commit', decodeMark),
  };

  function optional<T>(column: string, decode: (text: string) => T | undefined): T | undefined {
    const given = row[column] ?? null;
    if (given === null) return undefined;
    const value = typeof given === 'string' ? decode(given) : undefined;
    if (value === undefined) throw new CorruptCheckpointError({ ...key, column, given });
    return value;
  }
}
