import type { IsWanted } from '../../event/event-decoder.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * A filter of event types. An alias counts as its type.
 *
 * @throws {@link InvalidOptionError} when `types` is no list: a single text would count as a list of letters.
 */
export function wantedTypes(types: readonly string[] | undefined, registry: EventRegistry): IsWanted {
  if (types === undefined) return () => true;
  if (!Array.isArray(types))
    throw new InvalidOptionError({ option: 'types', given: types, allowed: 'a list of event types' });
  const wanted = new Set(types.map((type: string) => registry.currentName(type)));
  return (type) => wanted.has(type);
}
