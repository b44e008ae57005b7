import type { IsWanted } from '../../event/event-decoder.js';
import type { EventRegistry } from '../../event/event-registry.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { type CorruptStreamError } from '../../event/event-errors.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { guardedObserver } from '../../kernel/guarded-observer.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkCategories } from './categories.js';
import { type ReadAllStart, type ResolvedStart, resolveStart } from './read-all-start.js';
import { wantedTypes } from './wanted-types.js';

/** Options of a subscription. */
export interface SubscribeOptions {
  /** Where to begin; a position inside a commit begins with that event. @default the beginning */
  readonly from?: ReadAllStart | undefined;
  /** Only streams of these categories, at least one. @default all but jetsource's own (`$…`) */
  readonly categories?: readonly string[] | undefined;
  /** Only events of these types, at least one; `position` goes on over the others. @default all */
  readonly types?: readonly string[] | undefined;
  /**
   * Called with one event at a time: the next call begins when the promise of the last one has resolved. An
   * error that it throws ends the subscription.
   */
  readonly onEvent: (event: RecordedEvent) => void | Promise<void>;
  /**
   * Called each time that `caughtUp` becomes true: first when the stored events are handled, and again after
   * lagging or a recovery.
   * @default none
   */
  readonly onCaughtUp?: (() => void | Promise<void>) | undefined;
  /**
   * Called with a message in the log that is no commit, and its position; the subscription then continues
   * after it.
   * @default the subscription ends with that error
   */
  readonly onCorrupt?: ((error: CorruptStreamError) => void | Promise<void>) | undefined;
  /**
   * Called with the reason when the replay had to be restarted (a lost server, consumer or connection). For
   * logs: nothing is lost or repeated.
   * @default none
   */
  readonly onRecovery?: ((reason: string) => void) | undefined;
  /**
   * Told what has ended the subscription, and of a handler that has not returned for `stuckAfterMs`. @default
   * a process warning, unless somebody has looked at `closed` by then
   */
  readonly onError?: ((error: Error) => void) | undefined;
  /** A handler that has not returned for so long is told to `onError`, in milliseconds. @default 5_000 */
  readonly stuckAfterMs?: number | undefined;
  /**
   * How long `stop()` waits for the handler, in milliseconds; then it is left alone, which `onError` is told.
   * @default 5_000
   */
  readonly stopTimeoutMs?: number | undefined;
  /** Ends the subscription as `stop()` does. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of a subscription, checked. */
export interface ResolvedSubscribeOptions extends SubscribeOptions {
  readonly start: ResolvedStart;
  readonly isWanted: IsWanted;
  readonly stuckAfterMs: number;
  readonly stopTimeoutMs: number;
  /** Never throws. */
  readonly onRecovery: (reason: string) => void;
}

const OPTIONS = [
  'from',
  'categories',
  'types',
  'onEvent',
  'onCaughtUp',
  'onCorrupt',
  'onRecovery',
  'onError',
  'stuckAfterMs',
  'stopTimeoutMs',
  'signal',
];

const DEFAULT_LIMIT = { fallback: 5_000, max: LONGEST_TIMER_MS };

/** @throws {@link InvalidOptionError} when an option cannot work. */
export function resolveSubscribeOptions(
  options: SubscribeOptions,
  registry: EventRegistry,
): ResolvedSubscribeOptions {
  checkKnownOptions(options, OPTIONS);
  checkCategories(options.categories);
  checkFunction('onEvent', options.onEvent);
  checkFunction('onCaughtUp', options.onCaughtUp ?? noop);
  checkFunction('onCorrupt', options.onCorrupt ?? noop);
  checkFunction('onRecovery', options.onRecovery ?? noop);
  checkFunction('onError', options.onError ?? noop);
  return {
    ...options,
    onRecovery: guardedObserver('onRecovery', options.onRecovery),
    onError: options.onError && guardedObserver('onError', options.onError),
    stuckAfterMs: integerOption('stuckAfterMs', options.stuckAfterMs, DEFAULT_LIMIT),
    stopTimeoutMs: integerOption('stopTimeoutMs', options.stopTimeoutMs, DEFAULT_LIMIT),
    start: resolveStart(options.from),
    isWanted: wantedTypes(options.types, registry),
  };
}

function noop(): void {
  // the default of optional callbacks
}

function checkFunction(option: string, given: unknown): void {
  if (typeof given === 'function') return;
  throw new InvalidOptionError({ option, given, allowed: 'a function' });
}
