import { InvalidOptionError } from './errors.js';

/** An integer of at least `min`, or the default where the option is absent; anything else is refused by name. */
export function integerOption(option: string, given: number | undefined, fallback: number, min = 1): number {
  if (given === undefined) return fallback;
  if (!Number.isSafeInteger(given) || given < min) {
    throw new InvalidOptionError({ option, given, allowed: `an integer of at least ${min}` });
  }
  return given;
}

/** Refuses option names that do not exist, so that a typing mistake is no silent default. */
export function checkKnownOptions(options: object, known: readonly string[], prefix = ''): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new InvalidOptionError({
        option: `${prefix}${key}`,
        given: key,
        allowed: `one of ${known.join(', ')}`,
      });
    }
  }
}
