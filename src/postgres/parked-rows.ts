import { asPosition, comparePositions, type Position } from '../event/position.js';
import type { ModelId } from '../projection/store/model-id.js';
import type { ParkedEvent, ParkedTable } from '../projection/store/parked-table.js';
import type { SqlRow } from './sql-database.js';
import type { SqlSession } from './sql-session.js';

const OF_MODEL = 'projection = $1 and version = $2 and build = $3';

/** The rows of `jetsource_parked_event` as a transaction sees them. */
export class ParkedRows implements ParkedTable {
  readonly #session: SqlSession;
  readonly #table: string;

  constructor(session: SqlSession) {
    this.#session = session;
    this.#table = session.own('jetsource_parked_event');
  }

  async add(model: ModelId, event: ParkedEvent): Promise<void> {
    const sql = `insert into ${this.#table}
  (projection, version, build, position, event_id, type, stream, error, attempts, parked_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (projection, version, build, position) do update set event_id = excluded.event_id,
  type = excluded.type, stream = excluded.stream, error = excluded.error, attempts = excluded.attempts,
  parked_at = excluded.parked_at`;
    const { position, eventId, type, stream, error, attempts, parkedAt } = event;
    // PostgreSQL has no NUL in a text, and an error may say anything
    const told = error.replaceAll('\0', '\uFFFD');
    const values = [position, eventId, type, stream, told, attempts, parkedAt.toISOString()];
    await this.#session.query(sql, [...valuesOf(model), ...values]);
  }

  async list(model: ModelId): Promise<ParkedEvent[]> {
    // drivers return times as dates or texts
    const sql = `select position, event_id, type, stream, error, attempts,
  floor(extract(epoch from parked_at) * 1000)::text as parked_at
from ${this.#table} where ${OF_MODEL}`;
    const rows = await this.#session.query(sql, valuesOf(model));
    return rows.map(parkedEventOf).toSorted((a, b) => comparePositions(a.position, b.position));
  }

  async remove(model: ModelId, position: Position): Promise<boolean> {
    const sql = `delete from ${this.#table} where ${OF_MODEL} and position = $4 returning 1`;
    return (await this.#session.query(sql, [...valuesOf(model), position])).length === 1;
  }

  async clear(model: ModelId): Promise<void> {
    await this.#session.query(`delete from ${this.#table} where ${OF_MODEL}`, valuesOf(model));
  }
}

function valuesOf({ projection, version, build }: ModelId): unknown[] {
  return [projection, version, build];
}

function parkedEventOf(row: SqlRow): ParkedEvent {
  return {
    position: asPosition(String(row['position'])),
    eventId: String(row['event_id']),
    type: String(row['type']),
    stream: String(row['stream']),
    error: String(row['error']),
    attempts: Number(row['attempts']),
    parkedAt: new Date(Number(row['parked_at'])),
  };
}
