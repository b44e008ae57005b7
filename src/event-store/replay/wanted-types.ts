import type { IsWanted } from '../../event/event-decoder.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * A filter of event types. An alias counts as its type.
 *
 * @throws {@link InvalidOptionError} for what is no list, since a single text would be taken for a list of
 *   letters, and for an empty one.
 */
export function wantedTypes(types: readonly string[] | undefined, registry: EventRegistry): IsWanted {
  if (types === undefined) return () => true;
  if (!Array.isArray(types) || types.length === 0) {
    const allowed = 'a list of at least one event type, or absent for all';
    throw new InvalidOptionError({ option: 'types', given: types, allowed });
  }
  const wanted = new Set(types.map((type: string) => registry.currentName(type)));
  return (type) => wanted.has(type);
}
