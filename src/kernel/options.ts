import { InvalidOptionError } from './invalid-option-error.js';

/**
 * The longest that a timer of Node waits, in milliseconds (24.8 days): one that is set to more fires at once.
 */
export const LONGEST_TIMER_MS = 2_147_483_647;

/** What an integer may be, and what it is when nothing is given. */
export interface IntegerRule {
  readonly fallback: number;
  /** @default 1 */
  readonly min?: number;
  /** @default any safe integer */
  readonly max?: number;
}

/**
 * An integer from `min` to `max`, or the fallback where the option is absent; anything else is refused by
 * name.
 */
export function integerOption(
  option: string,
  given: number | undefined,
  { fallback, min = 1, max = Number.MAX_SAFE_INTEGER }: IntegerRule,
): number {
  if (given === undefined) return fallback;
  if (!Number.isSafeInteger(given) || given < min || given > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidOptionError({ option, given, allowed: `an integer ${range}` });
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
