import type { JsonValue } from '../event/json-value.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../kernel/options.js';
import { type LaneClock, PROCESS_CLOCK } from './lane-clock.js';

const OPTIONS = ['renewMs', 'timeoutMs', 'stopMs', 'service', 'report', 'onError', 'clock'];

/** Options of a {@link LaneRunner}. */
export interface LaneRunnerOptions {
  /** How often the member renews its record, and looks at those of others, in milliseconds. @default 1000 */
  readonly renewMs?: number | undefined;
  /**
   * How long a member may be silent before others take over its lanes, in milliseconds; at least twice
   * `renewMs`. The same in all members. @default 3000
   */
  readonly timeoutMs?: number | undefined;
  /** How long a stop waits for runs to end, in milliseconds. @default 10_000 */
  readonly stopMs?: number | undefined;
  /** Name of the service, for people. @default none */
  readonly service?: string | undefined;
  /** What others are told of this member with each renewal. @default nothing */
  readonly report?: (() => JsonValue) | undefined;
  /**
   * Told what keeps the runner from sharing lanes, such as a server that does not answer, or a permission that
   * is missing. It goes on, and does not repeat itself until it has succeeded in between. @default none
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** What tells the time. @default the process's */
  readonly clock?: LaneClock | undefined;
}

export interface ResolvedLaneOptions {
  readonly renewMs: number;
  readonly timeoutMs: number;
  readonly stopMs: number;
  readonly service: string | undefined;
  readonly report: () => JsonValue;
  readonly onError: ((error: unknown) => void) | undefined;
  readonly clock: LaneClock;
}

/** @throws {@link InvalidOptionError} for what cannot work. */
export function resolveLaneOptions(options: LaneRunnerOptions): ResolvedLaneOptions {
  checkKnownOptions(options, OPTIONS);
  const { service, report = () => null, onError, clock = PROCESS_CLOCK } = options;
  const max = LONGEST_TIMER_MS;
  const renewMs = integerOption('renewMs', options.renewMs, { fallback: 1_000, max });
  const timeoutMs = integerOption('timeoutMs', options.timeoutMs, { fallback: 3 * renewMs, max });
  if (timeoutMs < 2 * renewMs) {
    const allowed = `at least twice renewMs, ${2 * renewMs}`;
    throw new InvalidOptionError({ option: 'timeoutMs', given: timeoutMs, allowed });
  }
  const stopMs = integerOption('stopMs', options.stopMs, { fallback: 10_000, min: 0, max });
  return { renewMs, timeoutMs, stopMs, service, report, onError, clock };
}
