import type { Checkpoint, CheckpointKey } from '../projection/store/checkpoint.js';
import { CorruptCheckpointError } from '../projection/projection-errors.js';
import type { CheckpointTable } from '../projection/store/checkpoint-table.js';
import type { ModelId } from '../projection/store/model-id.js';
import { decodeAhead, encodeAhead } from './ahead-column.js';
import { decodeMark, encodeMark } from './commit-column.js';
import type { SqlRow } from './sql-database.js';
import type { SqlSession } from './sql-session.js';
import { decodePosition, decodeStart, encodeStart } from '../projection/start/start-text.js';

/** The columns of the key, and then those that change; in the order of {@link valuesOf}. */
const KEY = ['projection', 'version', 'build', 'lane'];
const VALUES = [
  'lanes',
  'epoch',
  'store_identity',
  'position',
  'commit_id',
  'start_at',
  'earlier_commit',
  'caught_up',
  'ahead',
];
const COLUMNS = [...KEY, ...VALUES];

const OF_MODEL = 'projection = $1 and version = $2 and build = $3';
const OF_KEY = `${OF_MODEL} and lane = $4`;
// drivers return json as text or parsed
const SELECTED = COLUMNS.map((column) => (column === 'ahead' ? 'ahead::text as ahead' : column)).join(', ');
const PLACES = COLUMNS.map((_, index) => `$${index + 1}`).join(', ');
const ASSIGNED = VALUES.map((column, index) => `${column} = $${KEY.length + index + 1}`).join(', ');

/** The rows of `jetsource_checkpoint` as a transaction sees them. */
export class CheckpointRows implements CheckpointTable {
  readonly #session: SqlSession;
  readonly #table: string;

  constructor(session: SqlSession) {
    this.#session = session;
    this.#table = session.own('jetsource_checkpoint');
  }

  async find(key: CheckpointKey): Promise<Checkpoint | undefined> {
    const sql = `select ${SELECTED} from ${this.#table} where ${OF_KEY}`;
    const [row] = await this.#session.query(sql, keyOf(key));
    return row && checkpointOf(key, row);
  }

  async list(model: ModelId): Promise<Checkpoint[]> {
    const sql = `select ${SELECTED} from ${this.#table} where ${OF_MODEL} order by lane for update`;
    const rows = await this.#session.query(sql, [model.projection, model.version, model.build]);
    return rows.map((row) => checkpointOf({ ...model, lane: Number(row['lane']) }, row));
  }

  async replace(previous: Checkpoint | undefined, next: Checkpoint): Promise<boolean> {
    const rows = await (previous === undefined ? this.#insert(next) : this.#update(previous, next));
    return rows.length === 1;
  }

  async remove(previous: Checkpoint): Promise<boolean> {
    const sql = `delete from ${this.#table} where ${OF_KEY} and ${isAsBefore(5)} returning 1`;
    const rows = await this.#session.query(sql, [...keyOf(previous), ...stateOf(previous)]);
    return rows.length === 1;
  }

  async #insert(next: Checkpoint): Promise<readonly SqlRow[]> {
    const sql = `insert into ${this.#table} (${COLUMNS.join(', ')}) values (${PLACES})
on conflict (${KEY.join(', ')}) do nothing returning 1`;
    return this.#session.query(sql, valuesOf(next));
  }

  async #update(previous: Checkpoint, next: Checkpoint): Promise<readonly SqlRow[]> {
    const sql = `update ${this.#table} set ${ASSIGNED}, updated_at = now()
where ${OF_KEY} and ${isAsBefore(COLUMNS.length + 1)} returning 1`;
    return this.#session.query(sql, [...valuesOf(next), ...stateOf(previous)]);
  }
}

/** The condition that epoch and position are those of {@link stateOf}, the parameters from that number on. */
function isAsBefore(parameter: number): string {
  return `epoch = $${parameter} and position is not distinct from $${parameter + 1}`;
}

function stateOf({ epoch, position }: Checkpoint): unknown[] {
  return [epoch, position ?? null];
}

function keyOf({ projection, version, build, lane }: CheckpointKey): unknown[] {
  return [projection, version, build, lane];
}

function valuesOf(checkpoint: Checkpoint): unknown[] {
  return [
    ...keyOf(checkpoint),
    checkpoint.lanes,
    checkpoint.epoch,
    checkpoint.storeIdentity,
    checkpoint.position ?? null,
    checkpoint.commitId ?? null,
    encodeStart(checkpoint.start),
    encodeMark(checkpoint.earlier),
    checkpoint.caughtUp,
    encodeAhead(checkpoint.ahead),
  ];
}

/** @throws {@link CorruptCheckpointError} when a column holds what {@link valuesOf} never writes. */
function checkpointOf({ projection, version, build, lane }: CheckpointKey, row: SqlRow): Checkpoint {
  return {
    projection,
    version,
    build,
    lane,
    lanes: Number(row['lanes']),
    // drivers return a bigint as number, string or BigInt
    epoch: Number(row['epoch']),
    storeIdentity: String(row['store_identity']),
    position: optional('position', decodePosition),
    commitId: optional('commit_id', (text) => text),
    start: optional('start_at', decodeStart),
    earlier: optional('earlier_commit', decodeMark),
    caughtUp: row['caught_up'] === true,
    ahead: optional('ahead', decodeAhead),
  };

  function optional<T>(column: string, decode: (text: string) => T | undefined): T | undefined {
    const given = row[column] ?? null;
    if (given === null) return undefined;
    const value = typeof given === 'string' ? decode(given) : undefined;
    if (value === undefined) throw new CorruptCheckpointError({ projection, version, column, given });
    return value;
  }
}
