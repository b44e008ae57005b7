import { guardedObserver } from '../../kernel/guarded-observer.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { warn } from '../../kernel/warn.js';
import type { LaneRunnerOptions } from '../../lane/lane-options.js';
import type { ReactionLogger } from '../reaction-logger.js';
import type { ReactionObserver } from '../reaction-observer.js';

const OPTIONS = ['service', 'logger', 'observer', 'onError', 'lanes', 'graceMs', 'stallMs'];
const LANE_OPTIONS = ['renewMs', 'timeoutMs'];
const LONGEST_NAME = 64;

/** Options of {@link Reactors}. */
export interface ReactorsOptions {
  /** Name of the service: its instances share the reactors. It is part of the names of consumers. */
  readonly service: string;
  /** Where it says what an operator should know. @default process warnings */
  readonly logger?: ReactionLogger | undefined;
  /** Told of attempts and parked events, for metrics. @default none */
  readonly observer?: Partial<ReactionObserver> | undefined;
  /** Told what keeps reactors from running, such as a server that does not answer. It is tried again. @default none */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** How instances notice that one is gone. The same in all instances. */
  readonly lanes?: Pick<LaneRunnerOptions, 'renewMs' | 'timeoutMs'> | undefined;
  /**
   * How long handlers may go on after a stop, or when a lane goes to another instance, in milliseconds. What is
   * not done by then is handed back, and its signal has aborted before. @default 10_000
   */
  readonly graceMs?: number | undefined;
  /** A lane that has pending events and no progress for this long is stalled, in milliseconds. @default 10_000 */
  readonly stallMs?: number | undefined;
}

export interface ResolvedReactorsOptions {
  readonly service: string;
  readonly logger: ReactionLogger;
  readonly observer: ReactionObserver;
  readonly onError: (error: unknown) => void;
  readonly lanes: Pick<LaneRunnerOptions, 'renewMs' | 'timeoutMs'>;
  readonly graceMs: number;
  readonly stallMs: number;
}

const PROCESS_WARNINGS: ReactionLogger = { warn, error: (text) => warn(text) };

/** @throws {@link InvalidOptionError} for what cannot work. */
export function resolveReactorsOptions(options: ReactorsOptions): ResolvedReactorsOptions {
  if (typeof options !== 'object' || options === null) {
    const allowed = `an object with some of ${OPTIONS.join(', ')}`;
    throw new InvalidOptionError({ option: 'options', given: options, allowed });
  }
  checkKnownOptions(options, OPTIONS);
  const { service, logger = PROCESS_WARNINGS, observer = {}, onError, lanes = {} } = options;
  if (typeof service !== 'string' || service === '' || service.length > LONGEST_NAME) {
    const allowed = `a text of 1 to ${LONGEST_NAME} characters`;
    throw new InvalidOptionError({ option: 'service', given: service, allowed });
  }
  checkKnownOptions(lanes, LANE_OPTIONS, 'lanes.');
  const rule = { fallback: 10_000, max: LONGEST_TIMER_MS };
  return {
    service,
    logger,
    observer: {
      onAttempt: guardedObserver('observer.onAttempt', bound(observer, 'onAttempt')),
      onDeadLetter: guardedObserver('observer.onDeadLetter', bound(observer, 'onDeadLetter')),
      onInterruption: guardedObserver('observer.onInterruption', bound(observer, 'onInterruption')),
    },
    onError: guardedObserver('onError', onError),
    lanes,
    graceMs: integerOption('graceMs', options.graceMs, { ...rule, min: 0 }),
    stallMs: integerOption('stallMs', options.stallMs, { ...rule, min: 100 }),
  };
}

/** The observer may be an object of a class. */
function bound<Name extends keyof ReactionObserver>(
  observer: Partial<ReactionObserver>,
  name: Name,
): ((event: Parameters<ReactionObserver[Name]>[0]) => void) | undefined {
  if (observer[name] === undefined) return undefined;
  return (event) => (observer[name] as (given: typeof event) => void)(event);
}
