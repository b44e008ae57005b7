import { ViewInUseError } from './postgres-errors.js';
import type { SqlSession } from './sql-session.js';

/** What depends on the view ($1) or on the type of its rows. A view depends by its rule, also on itself. */
const DEPENDENTS = `select distinct concat(o.type, ' ', o.identity) as dependent
from pg_class v join pg_depend d on d.deptype = 'n' and (
  (d.refclassid = 'pg_class'::regclass and d.refobjid = v.oid)
  or (d.refclassid = 'pg_type'::regclass and d.refobjid in (
    select t.oid from pg_type t where t.oid = v.reltype or t.typelem = v.reltype)))
left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
cross join lateral pg_identify_object(
  case when r.oid is null then d.classid else 'pg_class'::regclass end, coalesce(r.ev_class, d.objid),
  case when r.oid is null then d.objsubid else 0 end) o
where v.oid = $1::regclass and r.ev_class is distinct from v.oid order by dependent`;

/**
 * Drops a view of readers.
 *
 * @throws {@link ViewInUseError} when other objects depend on it. Nothing was changed then.
 */
export async function dropUnused(
  session: SqlSession,
  { projection, view }: { readonly projection: string; readonly view: string },
): Promise<void> {
  const name = session.own(view);
  const dependents = (await session.query(DEPENDENTS, [name])).map((row) => String(row['dependent']));
  if (dependents.length > 0) {
    throw new ViewInUseError({ projection, view: `${session.home}.${view}`, dependents });
  }
  await session.query(`drop view ${name}`);
}
