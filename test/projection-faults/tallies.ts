import { defineProjection, type ProjectionDefinition, type ProjectionStore } from '../../src/index.js';
import type { SqlTx } from '../support/postgres/sql-databases.js';
import { Counted } from '../support/order-events.js';

/** How a tally is built: by statements, or in rows. */
export type TallyStyle = 'statements' | 'rows';

/** A projection that counts the events of each stream, and notes each event that it has handled. */
export interface Tally {
  /** Its name, and the ending of its tables' names: letters and digits. */
  readonly name: string;
  readonly style: TallyStyle;
  /** @default 1 */
  readonly lanes?: number | undefined;
  /** @default 1 */
  readonly version?: number | undefined;
}

/** Who runs a tally. */
export interface TallyRunner {
  readonly store: ProjectionStore<SqlTx>;
  /** Name of the process, noted with each event. */
  readonly member: string;
  /** Called by the handlers with the number of an event. @default nothing */
  readonly before?: ((n: number) => void) | undefined;
}

/** Key of the row of an event in a tally in row style. */
export const eventKey = (id: string): string => `event ${id}`;

/** Key of a row that events of all streams change, in a tally in row style. */
export const groupKey = (n: number): string => `group ${n % 50}`;

export function tallyProjection(tally: Tally, runner: TallyRunner): ProjectionDefinition<SqlTx> {
  return tally.style === 'rows' ? rowTally(tally, runner) : statementTally(tally, runner);
}

/** An event that is handled twice fails, since it is noted twice. */
function statementTally({ name, lanes, version = 1 }: Tally, { store, member, before }: TallyRunner) {
  return defineProjection({
    name,
    version,
    lanes,
    categories: ['tally'],
    store,
    setUp: async (tx: SqlTx) => {
      await tx.query(
        `create table if not exists tally_${name} (id text primary key, count int not null, version int not null)`,
      );
      await tx.query(
        `create table if not exists handled_${name} (event_id text primary key, stream text not null,
          member text not null, at timestamptz not null default clock_timestamp())`,
      );
    },
    clear: async (tx) => {
      await tx.query(`delete from tally_${name}`);
      await tx.query(`delete from handled_${name}`);
    },
    events: { Counted },
    on: {
      Counted: async ({ id, stream, data }, tx) => {
        before?.(data.n);
        await tx.query(
          `with noted as (insert into handled_${name} (event_id, stream, member) values ($1, $2, $3))
           insert into tally_${name} values ($2, 1, $4)
           on conflict (id) do update set count = tally_${name}.count + 1`,
          [id, stream.toString(), member, version],
        );
      },
    },
  });
}

interface TallyRow {
  readonly count: number;
  readonly stream: string | null;
  readonly member: string;
  readonly at: string;
  readonly version: number;
}

/** An event that is handled twice fails, since its own row may be written once only. */
function rowTally({ name, lanes, version = 1 }: Tally, { store, member, before }: TallyRunner) {
  return defineProjection({
    name,
    version,
    lanes,
    categories: ['tally'],
    store,
    setUp: (tx: SqlTx) =>
      tx.query(
        `create table if not exists tally_${name} (id text primary key, count int not null, stream text,
          member text not null, at timestamptz not null, version int not null,
          check (id not like 'event %' or count = 1))`,
      ),
    table: `tally_${name}`,
    key: ({ id, stream, data }) => [stream.toString(), groupKey(data.n), eventKey(id)],
    events: { Counted },
    on: {
      Counted: (row: TallyRow | undefined, { stream, data }, { key }): TallyRow => {
        const isOwn = key.startsWith('event ');
        if (isOwn) before?.(data.n);
        return {
          count: (row?.count ?? 0) + 1,
          stream: isOwn ? stream.toString() : null,
          member,
          at: new Date().toISOString(),
          version,
        };
      },
    },
  });
}
