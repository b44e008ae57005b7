import type { SqlSession } from './sql-session.js';
import { quoteName } from './sql-text.js';

/** A right on a view, or on one of its columns. */
export interface Grant {
  readonly privilege: string;
  /** Undefined for everybody. */
  readonly role: string | undefined;
  /** Undefined for the whole view. */
  readonly column: string | undefined;
  /** Whether the role may grant it to others. */
  readonly isGrantable: boolean;
}

const GRANTS = `select g.privilege_type as privilege, r.rolname as role, g.is_grantable, a.attname as column_name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select null::name as attname, c.relacl as acl
  union all select attname, attacl from pg_attribute where attrelid = c.oid and attacl is not null
) a cross join lateral aclexplode(a.acl) g left join pg_roles r on r.oid = g.grantee
where n.nspname = $1 and c.relname = $2 and g.grantee <> c.relowner`;

/** The rights that others than the owner have on a view. */
export async function grantsOf(session: SqlSession, view: string): Promise<Grant[]> {
  const rows = await session.query(GRANTS, [session.home, view]);
  return rows.map((row) => ({
    privilege: String(row['privilege']),
    role: typeof row['role'] === 'string' ? row['role'] : undefined,
    column: typeof row['column_name'] === 'string' ? row['column_name'] : undefined,
    isGrantable: row['is_grantable'] === true,
  }));
}

/** Grants the rights on a view that was created again, but for those on columns that it has no more. */
export async function grantAgain(
  session: SqlSession,
  view: { readonly name: string; readonly grants: readonly Grant[]; readonly columns: readonly string[] },
): Promise<void> {
  for (const { privilege, role, column, isGrantable } of view.grants) {
    if (column !== undefined && !view.columns.some((known) => known.startsWith(`${column} `))) continue;
    const what = column === undefined ? privilege : `${privilege} (${quoteName(column)})`;
    const who = role === undefined ? 'public' : quoteName(role);
    const option = isGrantable ? ' with grant option' : '';
    await session.query(`grant ${what} on ${view.name} to ${who}${option}`);
  }
}
