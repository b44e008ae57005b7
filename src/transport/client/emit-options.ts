import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionNames } from '../check-option-names.js';

/** Options of `emitMany`. */
export interface EmitManyOptions {
  /** Events that await their acknowledgement at a time. @default 256 */
  readonly maxInFlight?: number | undefined;
  /**
   * Ends the call: no more payloads are taken, and the signal's reason is thrown when pending emits have
   * ended.
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/** One event of `emitBatch`. */
export interface BatchEvent {
  /** The subject, or an object that becomes one. */
  readonly pattern: unknown;
  /** The payload, or a {@link NatsJetStreamRecord} with its options. */
  readonly data: unknown;
}

/** Options of `emitBatch`. */
export interface EmitBatchOptions {
  /**
   * The client's timeout of the batch, resends included, in milliseconds.
   * @default `timeout` of `jetStreamOptions`
   */
  readonly timeout?: number | undefined;
}

const BATCH_OPTIONS: Record<keyof EmitBatchOptions, true> = { timeout: true };
const BATCH_EVENT: Record<keyof BatchEvent, true> = { pattern: true, data: true };
const MANY_OPTIONS: Record<keyof EmitManyOptions, true> = { maxInFlight: true, signal: true };

/** How many events of `emitMany` await their acknowledgement at a time, of a call that can work. */
export function emitManyWidth(data: unknown, options: EmitManyOptions): number {
  checkOptionNames(options, MANY_OPTIONS);
  requireIterable(data);
  return integerOption('maxInFlight', options.maxInFlight, { fallback: 256 });
}

/** The timeout of an `emitBatch` that can work, in milliseconds. */
export function emitBatchTimeout(
  events: readonly BatchEvent[],
  options: EmitBatchOptions,
  fallback: number,
): number {
  checkOptionNames(options, BATCH_OPTIONS);
  if (!Array.isArray(events))
    throw new InvalidOptionError({ option: 'events', given: events, allowed: 'an array of events' });
  for (const event of events) {
    checkOptionNames(event, BATCH_EVENT, 'event');
    const { pattern, data } = event;
    if (isNothing(pattern) || isNothing(data))
      throw new InvalidOptionError({ option: 'event', given: data, allowed: 'a pattern and data' });
  }
  return integerOption('timeout', options.timeout, { fallback, max: LONGEST_TIMER_MS });
}

/** Whether an event lacks what Nest requires of it. */
export function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function requireIterable(data: unknown): void {
  const given = Object(data) as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
  if (typeof given[Symbol.iterator] === 'function' || typeof given[Symbol.asyncIterator] === 'function')
    return;
  throw new InvalidOptionError({
    option: 'data',
    given: data,
    allowed: 'iterable, such as an array of payloads',
  });
}
