import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionsObject } from '../checked-options.js';

/**
 * What happens to an event whose handler keeps failing:
 *
 * - `stop`: the projection stops right before it, as `failed`. Nothing is skipped.
 * - `skip`: the projection goes on after it. `onError` is told.
 * - `park`: as `skip`, and a reference to the event is stored beside the model, to be redriven.
 */
export type AfterRetries = 'stop' | 'skip' | 'park';

/** What a projection does when a handler fails. */
export interface FailureOptions {
  /** How often a handler is called with one event, 1 or more. @default 5 */
  readonly maxAttempts?: number | undefined;
  /**
   * Pause before the second attempt, the third and so on, in milliseconds; the last one counts for all later
   * ones. @default from 50 ms doubling, with jitter, up to 5,000
   */
  readonly backoffMs?: readonly number[] | undefined;
  /** What happens then. @default 'stop' */
  readonly then?: AfterRetries | undefined;
}

/** {@link FailureOptions}, checked. */
export interface FailurePolicy {
  readonly maxAttempts: number;
  readonly backoffMs: readonly number[] | undefined;
  readonly then: AfterRetries;
}

const THEN: readonly AfterRetries[] = ['stop', 'skip', 'park'];

/** @throws {@link InvalidOptionError} when an option does not exist or cannot work. */
export function failurePolicy(
  options: FailureOptions = {},
  defaults: { readonly maxAttempts: number } = { maxAttempts: 5 },
): FailurePolicy {
  const prefix = 'projection.onFailure.';
  const known = ['maxAttempts', 'backoffMs', 'then'];
  checkOptionsObject(options, { object: 'projection.onFailure', prefix, known });
  const { backoffMs, then = 'stop' } = options;
  if (!THEN.includes(then)) {
    throw new InvalidOptionError({ option: `${prefix}then`, given: then, allowed: THEN.join(', ') });
  }
  return {
    maxAttempts: integerOption(`${prefix}maxAttempts`, options.maxAttempts, {
      fallback: defaults.maxAttempts,
    }),
    backoffMs: checkedBackoff(`${prefix}backoffMs`, backoffMs),
    then,
  };
}

function checkedBackoff(option: string, given: readonly number[] | undefined): readonly number[] | undefined {
  if (given === undefined) return undefined;
  const isPause = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LONGEST_TIMER_MS;
  if (Array.isArray(given) && given.length > 0 && given.every(isPause)) return given;
  throw new InvalidOptionError({ option, given, allowed: 'a list of pauses in milliseconds' });
}
