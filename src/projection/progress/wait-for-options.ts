import { integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionsObject, checkSignal } from '../checked-options.js';

const WAIT_TIMEOUT_MS = 5_000;

/** Options of {@link Projections.waitUntilLive}. */
export interface WaitUntilLiveOptions {
  /** How long to wait, in milliseconds, up to 2,147,483,647; with 0 the call only asks. @default 5_000 */
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting with its reason. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Projections.waitFor}. */
export interface WaitForOptions extends WaitUntilLiveOptions {
  /**
   * Whether the event at the position may be one that the projection does not
   * read. Then it waits until the model holds all that it reads up to there, which costs a look at the log.
   *
   * @default false: such a position is refused
   */
  readonly ofAnyCategory?: boolean | undefined;
}

/** {@link WaitForOptions} with their defaults. */
export interface ResolvedWait {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {@link InvalidOptionError} when an option does not exist or cannot work. */
export function resolveWait(options: WaitUntilLiveOptions, more: readonly string[] = []): ResolvedWait {
  checkOptionsObject(options, { object: 'options', known: ['timeoutMs', 'signal', ...more] });
  checkSignal(options.signal);
  const timeoutMs = integerOption('timeoutMs', options.timeoutMs, {
    fallback: WAIT_TIMEOUT_MS,
    min: 0,
    max: LONGEST_TIMER_MS,
  });
  return { timeoutMs, signal: options.signal };
}
