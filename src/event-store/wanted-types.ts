import { InvalidOptionError } from '../kernel/errors.js';

/**
 * The event types that a reader asks for; undefined for all.
 *
 * @throws {@link InvalidOptionError} for what is no list: a single text would be taken for a list of letters.
 */
export function wantedTypes(types: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (types === undefined) return undefined;
  if (Array.isArray(types)) return new Set(types);
  throw new InvalidOptionError({ option: 'types', given: types, allowed: 'a list of event types' });
}
