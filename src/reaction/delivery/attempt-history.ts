import type { AttemptRecord, KeptRecord } from '../../jetstream/dead-letters/attempt-records.js';
import { deliveryKey } from '../parking/message-origin.js';
import type { ParkingPlace } from '../parking/parking-place.js';
import type { HandlerCall, PendingCall } from './handler-call.js';

/** What is known of a call before an attempt at it. */
export interface KnownAttempts {
  /** Attempts that have ended, or were begun alone, in any process. */
  readonly made: number;
  /** How the last one ended. */
  readonly last: string;
  /** Deliveries that no attempt is known of: the message was handed back unhandled, or its process died. */
  readonly unexplained: number;
}

/** What an {@link AttemptHistory} is made of. */
export interface AttemptHistoryOptions {
  /** Undefined where nothing is kept: then each delivery counts as an attempt. */
  readonly records: ParkingPlace['attempts'] | undefined;
  /** Name of the consumer. */
  readonly consumer: string;
  /** Told of a record that could not be kept. */
  readonly onFault: (call: HandlerCall<unknown>, error: Error) => void;
}

/**
 * The attempts at the calls of one handler, over restarts and instances. A record is written after an attempt
 * that failed, and read when a message is delivered again: what succeeds at once costs nothing.
 */
export class AttemptHistory {
  readonly #options: AttemptHistoryOptions;

  constructor(options: AttemptHistoryOptions) {
    this.#options = options;
  }

  async of(pending: PendingCall<unknown>): Promise<KnownAttempts> {
    const { call, failedAttempts, possibleAttempts } = pending;
    const { redelivered } = call.message.info;
    const { records } = this.#options;
    const last = NEVER_SETTLED;
    if (records === undefined)
      return { made: Math.max(failedAttempts, possibleAttempts), last, unexplained: 0 };
    if (!redelivered) return { made: failedAttempts, last, unexplained: 0 };
    const record = await records.find(this.#keyOf(call));
    const made = Math.max(record?.attempts ?? 0, failedAttempts);
    return {
      made,
      last: record?.last ?? last,
      unexplained: Math.max(0, call.message.earlierAttempts - made),
    };
  }

  /** Keeps that an attempt has ended, or that one begins. A record that cannot be kept is one attempt more. */
  async keep(call: HandlerCall<unknown>, record: AttemptRecord): Promise<void> {
    const { records, onFault } = this.#options;
    if (records === undefined) return;
    const key = this.#keyOf(call);
    try {
      await records.keep(key, record, await this.#kept(call, record, key));
    } catch (error) {
      onFault(call, error as Error);
    }
  }

  /** Removes what is kept of a call that is done. */
  async forget(call: HandlerCall<unknown>): Promise<void> {
    const { records, onFault } = this.#options;
    if (records === undefined) return;
    try {
      const record = await records.find(this.#keyOf(call));
      if (record !== undefined) await records.remove(record);
    } catch (error) {
      onFault(call, error as Error);
    }
  }

  async #kept(
    { message }: HandlerCall<unknown>,
    { attempts }: AttemptRecord,
    key: string,
  ): Promise<KeptRecord | undefined> {
    const isFirst = attempts === 1 && !message.info.redelivered;
    return isFirst ? undefined : this.#options.records?.find(key);
  }

  #keyOf(call: HandlerCall<unknown>): string {
    const index = call.kind === 'event' ? [call.event.id.replaceAll('/', '.')] : [];
    return [this.#options.consumer, deliveryKey(call.message), ...index].join('.');
  }
}

const NEVER_SETTLED = 'it was never settled; its process may have died of it';
