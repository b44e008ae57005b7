import { createHash } from 'node:crypto';
import { FIRST_BUILD, type ModelId } from '../projection/store/model-id.js';
import { quoteName, quoteText } from './sql-text.js';

/** PostgreSQL cuts longer names off. */
const MOST_BYTES = 63;
const HASH_DIGITS = 16;
/** A character that names of projections cannot have. */
const MARK = '~';

/**
 * The schema that a model's tables are in: `orders_v2`, and `orders_v2_b3` for the third build. Where the
 * store's own tables are not in `public`, it begins with their schema, since names of schemas count for the
 * whole database: `sales.orders_v2`. Two models never have the same.
 */
export function modelSchema({ projection, version, build }: ModelId, home: string): string {
  const ending = `_v${version}${build === FIRST_BUILD ? '' : `_b${build}`}`;
  const name = home === 'public' ? projection : `${home}.${projection}`;
  // names that begin so are reserved
  const safe = name.startsWith('pg_') ? `${MARK}${name}` : name;
  const room = MOST_BYTES - ending.length;
  if (Buffer.byteLength(safe) <= room) return safe + ending;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  return cut(safe, room - HASH_DIGITS - MARK.length) + MARK + hash + ending;
}

/**
 * A statement that puts a schema in front of the `search_path` until the transaction ends. It fails with
 * SQLSTATE 3F000 when there is no such schema: tables would be sought and created elsewhere then.
 *
 * @param path SQL text of the rest of the path.
 */
export function pathStatement(schema: string, path = `current_setting('search_path')`): string {
  const checked = `${quoteText(quoteName(schema))}::regnamespace::text`;
  return `select set_config('search_path', concat_ws(', ', ${checked}, nullif(${path}, '')), true)`;
}

/** The longest part of a text from its beginning that has at most so many bytes. */
function cut(text: string, bytes: number): string {
  let end = Math.min(text.length, bytes);
  while (Buffer.byteLength(text.slice(0, end)) > bytes) end -= 1;
  return text.slice(0, end);
}
