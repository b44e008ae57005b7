import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { ProjectionDefinition } from './projection-definition.js';

const RETURNED = 'what defineProjection(…) returned';

/**
 * Checks what is given as a list of projections, for callers without types.
 *
 * @throws {@link InvalidOptionError} when it is no list, or an element is no projection.
 */
export function checkDefinitions(given: readonly ProjectionDefinition[]): void {
  if (!Array.isArray(given)) {
    throw new InvalidOptionError({ option: 'projections', given, allowed: `a list of ${RETURNED}` });
  }
  for (const [index, element] of given.entries()) {
    if (isDefinition(element)) continue;
    throw new InvalidOptionError({ option: `projections[${index}]`, given: element, allowed: RETURNED });
  }
}

/** Whether it has the shape of what {@link defineProjection} returns. */
export function isDefinition(given: unknown): given is ProjectionDefinition {
  if (typeof given !== 'object' || given === null) return false;
  const { name, version, events } = given as Partial<ProjectionDefinition>;
  return typeof name === 'string' && typeof version === 'number' && events instanceof Map;
}
