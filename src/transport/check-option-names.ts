import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';

/**
 * Refuses names that do not exist, with the list of those that do, and what is not an object.
 *
 * @param known The names that exist, as the keys of an object.
 * @param path The option that holds these options, such as `consumerOptions`. @default none
 */
export function checkOptionNames(options: unknown, known: object, path = ''): void {
  requireOptions(options, known, path);
  checkKnownOptions(options, Object.keys(known), path === '' ? '' : `${path}.`);
}

/** Refuses what is not an object, with the list of the names that it can have. */
export function requireOptions(options: unknown, known: object, path = ''): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new InvalidOptionError({
    option: path === '' ? 'options' : path,
    given: options,
    allowed: `an object with any of ${Object.keys(known).join(', ')}`,
  });
}
