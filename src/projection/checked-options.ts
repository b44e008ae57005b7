import { asPosition, type Position } from '../event/position.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';

interface KnownOptions {
  /** What the whole object is called in an error, such as `projection`. */
  readonly object: string;
  /** Put before the name of an option in an error. @default '' */
  readonly prefix?: string;
  readonly known: readonly string[];
}

/**
 * The types say all this already. It is checked for callers without types, and for options read from a file.
 *
 * @throws {@link InvalidOptionError} when `options` is no object, or has an option that does not exist.
 */
export function checkOptionsObject(options: unknown, { object, prefix, known }: KnownOptions): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const allowed = `an object with some of ${known.join(', ')}`;
    throw new InvalidOptionError({ option: object, given: options, allowed });
  }
  checkKnownOptions(options, known, prefix);
}

/** @throws {@link InvalidOptionError} when something else than a function is given. */
export function checkFunction(option: string, given: unknown): void {
  if (typeof given !== 'function') throw new InvalidOptionError({ option, given, allowed: 'a function' });
}

/** @throws {@link InvalidOptionError} when something else than a function is given; nothing is fine. */
export function checkOptionalFunction(option: string, given: unknown): void {
  if (given !== undefined) checkFunction(option, given);
}

/** @throws {@link InvalidOptionError} when something else than an `AbortSignal` is given; nothing is fine. */
export function checkSignal(given: unknown): void {
  if (given === undefined || given instanceof AbortSignal) return;
  throw new InvalidOptionError({ option: 'signal', given, allowed: 'an AbortSignal' });
}

/** @throws {@link InvalidOptionError} when something else than a list of positions is given. */
export function checkPositions(option: string, given: readonly unknown[]): void {
  if (!Array.isArray(given)) {
    throw new InvalidOptionError({ option, given, allowed: 'a list of positions' });
  }
  for (const position of given) asPosition(position as Position);
}
