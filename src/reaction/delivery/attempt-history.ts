import type { AttemptRecord } from '../../jetstream/dead-letters/attempt-records.js';
import { deliveryKey } from '../parking/message-origin.js';
import type { ParkingPlace } from '../parking/parking-place.js';
import type { HandlerCall, PendingCall } from './handler-call.js';

const NEVER_SETTLED = 'it was never settled; its process may have died of it';
/** Calls whose attempts are remembered in this process. */
const MAX_REMEMBERED = 10_000;

/** What is known of a call before an attempt at it. */
export interface KnownAttempts {
  /** Attempts that have ended, or were begun alone, in any process. */
  readonly made: number;
  /** How the last one ended. */
  readonly last: string;
  /** Whether no further attempt is to be made: it could not be parked before. */
  readonly isGivenUp: boolean;
  /** Deliveries that no attempt is known of: the message was handed back unhandled, or its process died. */
  readonly unexplained: number;
}

/** What an {@link AttemptHistory} is made of. */
export interface AttemptHistoryOptions {
  /** Undefined where nothing is kept: then each delivery counts as an attempt. */
  readonly records: ParkingPlace['attempts'] | undefined;
  /** Name of the consumer. */
  readonly consumer: string;
  /** Told of a record that could not be kept or removed. */
  readonly onFault: (call: HandlerCall<unknown>, error: Error) => void;
}

/** Attempts as this process knows them; without a sequence where no record could be kept. */
interface Remembered extends AttemptRecord {
  readonly sequence?: number | undefined;
}

/**
 * The attempts at the calls of one handler, over restarts and instances. A record is kept after an attempt
 * that failed, and read when a message is delivered again: what succeeds at once costs nothing.
 */
export class AttemptHistory {
  readonly #options: AttemptHistoryOptions;
  readonly #remembered = new Map<string, Remembered>();
  /** Changes of records that are under way, by key: one follows the other. */
  readonly #changes = new Map<string, Promise<void>>();

  constructor(options: AttemptHistoryOptions) {
    this.#options = options;
  }

  /** A promise only where a record may have to be read. */
  of(pending: PendingCall<unknown>): KnownAttempts | Promise<KnownAttempts> {
    const { call, failedAttempts, possibleAttempts } = pending;
    if (this.#options.records !== undefined && call.message.info.redelivered) return this.#read(pending);
    const own = this.#remembered.size === 0 ? undefined : this.#remembered.get(this.#keyOf(call));
    if (own?.isGivenUp === true) return known(own.attempts, 0, own);
    const made = this.#options.records === undefined ? possibleAttempts : 0;
    return known(Math.max(made, failedAttempts), 0);
  }

  /**
   * The index of the first call of a message that is not over. They are made one after the other, so an attempt at
   * one of them means that those before it are over, whoever made it.
   */
  async firstOpen(calls: readonly PendingCall<unknown>[]): Promise<number> {
    const { records, consumer } = this.#options;
    const message = calls[0]?.call.message;
    if (records === undefined || message?.info.redelivered !== true || calls.length === 1) return 0;
    const last = await records.lastKeyIn([consumer, deliveryKey(message)].join('.'));
    return Math.max(
      0,
      calls.findIndex(({ call }) => this.#keyOf(call) === last),
    );
  }

  /** Keeps that an attempt has ended, or that one begins. Never rejects. */
  async keep(call: HandlerCall<unknown>, record: AttemptRecord): Promise<void> {
    const { records } = this.#options;
    if (records === undefined) return;
    const key = this.#keyOf(call);
    const before = this.#remembered.get(key);
    this.#remember(key, { ...record, sequence: before?.sequence });
    await this.#change(call, key, async () => {
      const sequence = this.#remembered.get(key)?.sequence;
      const kept = await records.keep(key, record, sequence);
      this.#remember(key, { ...record, sequence: kept });
    });
  }

  /** Removes what is kept of a call that is done. Never rejects. */
  async forget(call: HandlerCall<unknown>): Promise<void> {
    const { records } = this.#options;
    if (records === undefined || this.#remembered.size === 0) return;
    const key = this.#keyOf(call);
    if (!this.#remembered.has(key)) return;
    await this.#change(call, key, async () => {
      const sequence = this.#remembered.get(key)?.sequence;
      this.#remembered.delete(key);
      if (sequence !== undefined) await records.remove(sequence);
    });
  }

  async #read({ call, failedAttempts, possibleAttempts }: PendingCall<unknown>): Promise<KnownAttempts> {
    const key = this.#keyOf(call);
    await this.#changes.get(key);
    const found = await this.#options.records?.find(key);
    const own = this.#remembered.get(key);
    const record = found !== undefined && found.attempts >= (own?.attempts ?? 0) ? found : own;
    if (record !== undefined) this.#remember(key, { ...record, sequence: found?.sequence });
    const made = Math.max(record?.attempts ?? 0, failedAttempts);
    return known(made, Math.max(0, possibleAttempts - made), record);
  }

  #remember(key: string, record: Remembered): void {
    this.#remembered.set(key, record);
    if (this.#remembered.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#remembered.keys()) return void this.#remembered.delete(oldest);
  }

  async #change(call: HandlerCall<unknown>, key: string, work: () => Promise<void>): Promise<void> {
    const change = (this.#changes.get(key) ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => this.#options.onFault(call, error as Error));
    this.#changes.set(key, change);
    await change;
    if (this.#changes.get(key) === change) this.#changes.delete(key);
  }

  #keyOf(call: HandlerCall<unknown>): string {
    const index = call.kind === 'event' ? [call.event.id.replaceAll('/', '.')] : [];
    return [this.#options.consumer, deliveryKey(call.message), ...index].join('.');
  }
}

function known(made: number, unexplained: number, record?: AttemptRecord): KnownAttempts {
  const { last = NEVER_SETTLED, isGivenUp = false } = record ?? {};
  return { made, last, isGivenUp, unexplained };
}
