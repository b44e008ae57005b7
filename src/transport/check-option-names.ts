import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';

/**
 * Refuses what is no object, and names that do not exist, with the list of those that do.
 *
 * @param known The names that exist, as the keys of an object.
 * @param path The option that holds these options, such as `consumerOptions`. @default none
 */
export function checkOptionNames(options: unknown, known: object, path = ''): void {
  const names = Object.keys(known);
  if (typeof options === 'object' && options !== null && !Array.isArray(options))
    return checkKnownOptions(options, names, path === '' ? '' : `${path}.`);
  throw new InvalidOptionError({
    option: path === '' ? 'options' : path,
    given: options,
    allowed: `an object with any of ${names.join(', ')}`,
  });
}
