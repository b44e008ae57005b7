import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { warn } from '../../kernel/warn.js';
import type { ReactionLogger } from '../reaction-logger.js';
import type { OnDue } from './timers.js';

/** Options of {@link openTimers}. */
export interface TimersOptions {
  /**
   * Carries out a command whose time has come: at least once, not before its time by the server's clock. All
   * processes that use the timers of a store share them, so all must know all commands. What it rejects with is
   * tried again until it succeeds or the timer is cancelled.
   */
  readonly onDue: OnDue;
  /** Timers that are carried out at a time. @default 16 */
  readonly concurrency?: number | undefined;
  /** The pause after each failed attempt, in milliseconds; the last is repeated. @default [1000, 10_000, 60_000] */
  readonly backoffMs?: readonly number[] | undefined;
  /** An attempt that takes longer has failed, in milliseconds. It is not stopped: see `signal`. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  /**
   * How often to look for timers that were stored and got no schedule since their process ended in between, in
   * milliseconds. @default 60_000
   */
  readonly sweepEveryMs?: number | undefined;
  /** How long a stop waits for calls that are under way, in milliseconds. @default 10_000 */
  readonly stopGraceMs?: number | undefined;
  /** Told of failures, which are tried again. @default process warnings */
  readonly logger?: ReactionLogger | undefined;
}

/** The options with their defaults. */
export interface CheckedTimersOptions {
  readonly onDue: OnDue;
  readonly concurrency: number;
  readonly backoffMs: readonly number[];
  readonly timeoutMs: number;
  readonly sweepEveryMs: number;
  readonly stopGraceMs: number;
  readonly logger: ReactionLogger;
}

const OPTIONS = ['onDue', 'concurrency', 'backoffMs', 'timeoutMs', 'sweepEveryMs', 'stopGraceMs', 'logger'];
const WARNINGS: ReactionLogger = { warn, error: warn };

/** @throws {@link InvalidOptionError} when an option cannot work. */
export function toTimersOptions(options: TimersOptions): CheckedTimersOptions {
  checkKnownOptions(options, OPTIONS);
  const { onDue, backoffMs = [1_000, 10_000, 60_000], logger = WARNINGS } = options;
  if (typeof onDue !== 'function')
    throw new InvalidOptionError({ option: 'onDue', given: onDue, allowed: 'a function' });
  if (!Array.isArray(backoffMs) || backoffMs.length === 0)
    throw new InvalidOptionError({
      option: 'backoffMs',
      given: backoffMs,
      allowed: 'a list of at least one pause',
    });
  const wait = (option: string, given: number | undefined, fallback: number): number =>
    integerOption(option, given, { fallback, max: LONGEST_TIMER_MS });
  return {
    onDue,
    logger,
    concurrency: integerOption('concurrency', options.concurrency, { fallback: 16 }),
    backoffMs: backoffMs.map((pause: number, index) => wait(`backoffMs[${index}]`, pause, pause)),
    timeoutMs: wait('timeoutMs', options.timeoutMs, 30_000),
    sweepEveryMs: wait('sweepEveryMs', options.sweepEveryMs, 60_000),
    stopGraceMs: wait('stopGraceMs', options.stopGraceMs, 10_000),
  };
}
