import { NameTakenError } from './postgres-errors.js';
import type { SqlSession } from './sql-session.js';
import { quoteName, quoteText } from './sql-text.js';
import { dropUnused } from './view-dependents.js';
import { grantsOf, type Grant, grantAgain } from './view-grants.js';

/** Which model readers are to see. */
export interface ServedModel {
  readonly projection: string;
  /** Schema of its tables; undefined for a model that was built in place, which has no views. */
  readonly schema: string | undefined;
}

/** A table or view in the model's schema, or whatever has a name in the schema of the views. */
interface Relation {
  readonly isReader: boolean;
  readonly name: string;
  readonly kind: string;
  readonly comment: string;
  /** Each as one text: name and type. */
  readonly columns: readonly string[];
}

/** New readers wait behind the one that is waited for. */
const LOCK_TIMEOUT = '2s';

const KINDS: Readonly<Record<string, string>> = {
  r: 'a table',
  p: 'a table',
  f: 'a foreign table',
  v: 'a view',
  m: 'a materialized view',
  i: 'an index',
  I: 'an index',
  S: 'a sequence',
  c: 'a type',
};

/** Tables and views of the model ($1), what has their names in the home schema ($2), and our views ($3). */
const RELATIONS = `with model as (
  select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relkind in ('r', 'p', 'f', 'v', 'm')
), reader as (
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $2 and (c.relname in (select relname from model) or starts_with(obj_description(c.oid, 'pg_class'), $3))
)
select c.oid in (select oid from reader) as is_reader, c.relname as name, c.relkind::text as kind,
  coalesce(obj_description(c.oid, 'pg_class'), '') as comment,
  (select json_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation) order by a.attnum)::text
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
from pg_class c where c.oid in (select oid from model union all select oid from reader)
order by c.relname`;

/**
 * Creates, replaces and drops the views that readers use, so that they show this model. What is as it should
 * be is not touched.
 *
 * @throws {@link NameTakenError} when something else has the name of a view, {@link ViewInUseError} when something
 * depends on one that cannot be replaced. The transaction is to be rolled back then.
 */
export async function serveViews(session: SqlSession, model: ServedModel): Promise<void> {
  const { tables, readers } = await relations(session, model);
  requireOwnNames(tables, { readers, model, home: session.home });
  const stale = tables.filter(({ name, columns }) => {
    const view = readers.get(name);
    return view?.comment !== commentOf(model) || String(view.columns) !== String(columns);
  });
  const names = new Set(tables.map(({ name }) => name));
  const dropped = [...readers.values()].filter(({ name }) => !names.has(name));
  if (stale.length === 0 && dropped.length === 0) return;
  await session.query(`select set_config('lock_timeout', $1, true)`, [LOCK_TIMEOUT]);
  const { projection } = model;
  for (const { name } of dropped) await dropUnused(session, { projection, view: name });
  for (const table of stale) await serveTable(session, { model, table, view: readers.get(table.name) });
}

async function relations(
  session: SqlSession,
  model: ServedModel,
): Promise<{ tables: Relation[]; readers: Map<string, Relation> }> {
  const parameters = [model.schema ?? null, session.home, commentStart(model.projection)];
  const rows = (await session.query(RELATIONS, parameters)).map((row): Relation => ({
    isReader: row['is_reader'] === true,
    name: String(row['name']),
    kind: String(row['kind']),
    comment: String(row['comment']),
    columns: columnsOf(row['columns']),
  }));
  return {
    tables: rows.filter(({ isReader }) => !isReader),
    readers: new Map(rows.filter(({ isReader }) => isReader).map((row) => [row.name, row])),
  };
}

/** A relation without columns has null. */
function columnsOf(json: unknown): string[] {
  return typeof json === 'string' ? (JSON.parse(json) as string[]) : [];
}

function requireOwnNames(
  tables: readonly Relation[],
  { readers, model, home }: { readers: ReadonlyMap<string, Relation>; model: ServedModel; home: string },
): void {
  for (const { name } of tables) {
    const taken = readers.get(name);
    if (taken === undefined || taken.comment.startsWith(commentStart(model.projection))) continue;
    const by = KINDS[taken.kind] ?? 'another object';
    throw new NameTakenError({ projection: model.projection, taken: `${home}.${name}`, by });
  }
}

async function serveTable(
  session: SqlSession,
  { model, table, view }: { model: ServedModel; table: Relation; view: Relation | undefined },
): Promise<void> {
  const name = session.own(table.name);
  const { projection } = model;
  const grants = view && !isExtension(view, table) ? await dropView(session, { projection, view }) : [];
  // the second part makes the view one that cannot be written to, and costs readers nothing
  await session.query(`create or replace view ${name} as
select t.* from ${quoteName(model.schema ?? '')}.${quoteName(table.name)} as t, (select) as read_only`);
  await session.query(`comment on view ${name} is ${quoteText(commentOf(model))}`);
  await grantAgain(session, { name, grants, columns: table.columns });
}

/** @returns the rights on it. */
async function dropView(
  session: SqlSession,
  { projection, view }: { readonly projection: string; readonly view: Relation },
): Promise<Grant[]> {
  const grants = await grantsOf(session, view.name);
  await dropUnused(session, { projection, view: view.name });
  return grants;
}

/** A view can be replaced by one that has the same columns, and others after them. */
function isExtension(view: Relation, table: Relation): boolean {
  return view.columns.every((column, index) => table.columns[index] === column);
}

/** The names of projections have no comma. */
function commentStart(projection: string): string {
  return `jetsource: what readers see of projection ${projection}, `;
}

/** By its comment a view is known as ours, and as one of this model. */
function commentOf({ projection, schema = '' }: ServedModel): string {
  return `${commentStart(projection)}now schema ${schema}`;
}
