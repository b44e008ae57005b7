import { performance } from 'node:perf_hooks';
import { toDeadLetterError } from '../../jetstream/dead-letters/dead-letter-error.js';
import type { DeliveryLog } from '../delivery-log.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import { type Parking, UNPARKED_RETRY_MS } from '../parking/parking.js';
import { pauseAfter, type ReactionPolicy } from '../reaction-policy.js';
import { isUnrecoverable } from '../unrecoverable-error.js';
import type { AttemptHistory, KnownAttempts } from './attempt-history.js';
import type { Handle, HandlerCall, PendingCall } from './handler-call.js';
import { Isolation, type IsolationScope } from './isolation.js';
import { withTimeLimit } from './with-time-limit.js';

/** Unexplained deliveries after which a message is tried alone: its process may die of it. */
const SUSPECT_AFTER = 2;
const ENDED_WITH_PROCESS = 'its process ended while it was being handled';
const HANDED_BACK = 'its handler handed it back';
/** What may not begin is looked at again after this long. */
const NOT_YET: Continuation = { afterMs: 100 };
/** Thrown where a handler may not begin. */
const NOT_BEGUN = new (class NotBegun extends Error {})();

/** What the attempts at a call need. */
export interface AttemptsOptions<Payload> {
  readonly policy: ReactionPolicy;
  readonly handle: Handle<Payload>;
  readonly history: AttemptHistory;
  readonly parking: Parking;
  readonly log: DeliveryLog;
  /** Those that are tried alone exclude each other in it. @default this process */
  readonly isolation?: IsolationScope | undefined;
  /** Told of each attempt that has ended. */
  readonly onAttempt: (call: HandlerCall<Payload>, attempt: EndedAttempt) => void;
  /**
   * Whether a handler may begin; told whether an event of the same commit was handled in this delivery. Where it
   * may not, or an attempt fails at that time, the message is tried again later, and no attempt is counted.
   * @default it always may
   */
  readonly mayBegin?: ((isUnderWay: boolean) => boolean) | undefined;
  /**
   * Whether a message whose delivery cannot be ended keeps its key, so that no other of its key is handled before.
   * @default false: it is handed back
   */
  readonly keepsPlace?: boolean | undefined;
}

/** An attempt that has ended. */
export interface EndedAttempt {
  /** From 1. */
  readonly attempt: number;
  readonly durationMs: number;
  /** Undefined where it succeeded. */
  readonly error: unknown;
}

interface CurrentAttempt<Payload> {
  readonly pending: PendingCall<Payload>;
  readonly known: KnownAttempts;
  /** From 1. */
  readonly attempt: number;
  /** Whether an event of the same commit was handled in this delivery. */
  readonly isUnderWay: boolean;
}

/** An attempt that was recorded at its beginning. */
interface BegunAttempt<Payload> {
  readonly current: CurrentAttempt<Payload>;
  /** Ends the isolation, though the handler still runs. */
  readonly release: () => void;
}

interface FailedAttempt<Payload> extends CurrentAttempt<Payload> {
  readonly error: unknown;
}

/**
 * How the delivery of a message continues: with its next call, not at all for now, or with the same call
 * after so many milliseconds.
 */
export type Continuation = 'next' | 'stop' | { readonly afterMs: number };

/** Calls a handler, and decides what becomes of its message: it is done, tried later, or given up. */
export class Attempts<Payload> {
  readonly #options: AttemptsOptions<Payload>;
  readonly #isolation: Isolation;
  /** Attempts that were recorded at their beginning and have not ended, by message. */
  readonly #begun = new Map<string, BegunAttempt<Payload>>();
  /** Messages that a stop of the consumer has handed back while they were being handled. */
  readonly #handedBack = new Set<string>();

  constructor(options: AttemptsOptions<Payload>) {
    this.#options = options;
    this.#isolation = new Isolation(options.isolation);
  }

  /** The index of the first call of a message that is not over. Those before it have been acknowledged. */
  async skipOver(calls: readonly PendingCall<Payload>[]): Promise<number> {
    const { history, policy } = this.#options;
    // what a handler acknowledges itself is not over when it has returned
    const first = policy.manualAck ? 0 : await history.firstOpen(calls);
    for (const { call } of calls.slice(0, first)) call.message.ack();
    return first;
  }

  /** @param isUnderWay Whether an event of the same commit was handled in this delivery. */
  async run(pending: PendingCall<Payload>, isUnderWay = false): Promise<Continuation> {
    if (!this.#mayBegin(isUnderWay)) return NOT_YET;
    const found = this.#options.history.of(pending);
    const known = found instanceof Promise ? await found : found;
    return this.#attempt({ pending, known, attempt: known.made + 1, isUnderWay });
  }

  /** Takes back the record of an attempt that a stop of the consumer ends. */
  async handBack(message: DeliveredMessage): Promise<void> {
    this.#handedBack.add(keyOf(message));
    const begun = this.#begun.get(keyOf(message));
    if (begun === undefined) return;
    begun.release();
    await this.#takeBack(begun.current);
  }

  #mayBegin(isUnderWay: boolean): boolean {
    return this.#options.mayBegin?.(isUnderWay) ?? true;
  }

  /** What is kept of the call says nothing of the attempt that was to be made, but that those before it are over. */
  async #takeBack({ pending: { call }, known, isUnderWay }: CurrentAttempt<Payload>): Promise<void> {
    const { history } = this.#options;
    if (known.made === 0 && !isUnderWay) await history.forget(call);
    else await history.keep(call, { attempts: known.made, last: known.last });
  }

  async #attempt(current: CurrentAttempt<Payload>): Promise<Continuation> {
    const { policy } = this.#options;
    const { pending, known, attempt } = current;
    const { call } = pending;
    const isGivenUp = known.isGivenUp || attempt > policy.maxDeliver;
    if (isGivenUp && !policy.isUnacknowledged) return this.#park(call, known.made, known.last);
    try {
      await this.#call(current);
      if (this.#isHandedBack(call)) return 'stop';
    } catch (error) {
      if (error === NOT_BEGUN || (!this.#mayBegin(false) && !call.message.isSettled)) {
        await this.#takeBack(current);
        return NOT_YET;
      }
      return await this.#fail({ ...current, error });
    } finally {
      if (this.#handedBack.size > 0) this.#handedBack.delete(keyOf(call.message));
    }
    await this.#succeed(current);
    return 'next';
  }

  /** A message that may have ended processes is tried alone, and the attempt counts from its beginning. */
  async #call(current: CurrentAttempt<Payload>): Promise<void> {
    const { pending, known, attempt, isUnderWay } = current;
    const { call } = pending;
    const { handle, history, policy } = this.#options;
    const limited = async (): Promise<void> => withTimeLimit(handle(call, attempt), policy.handlerTimeoutMs);
    const timed = async (): Promise<void> => {
      // much may have changed while it waited for one that was tried alone
      if (this.#isHandedBack(call)) return;
      if (!this.#mayBegin(isUnderWay)) throw NOT_BEGUN;
      await this.#timed(call, attempt, limited);
    };
    if (known.unexplained < SUSPECT_AFTER) return this.#isolation.shared(timed);
    return this.#isolation.alone(async () => {
      if (this.#isHandedBack(call)) return;
      const key = keyOf(call.message);
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      this.#begun.set(key, { current, release });
      await history.keep(call, { attempts: attempt, last: ENDED_WITH_PROCESS });
      await Promise.race([timed(), released]).finally(() => this.#begun.delete(key));
    });
  }

  #isHandedBack({ message }: HandlerCall<Payload>): boolean {
    return this.#handedBack.size > 0 && this.#handedBack.has(keyOf(message));
  }

  async #timed(call: HandlerCall<Payload>, attempt: number, work: () => Promise<void>): Promise<void> {
    const { onAttempt } = this.#options;
    const begun = performance.now();
    const end = (error: unknown): void =>
      onAttempt(call, { attempt, durationMs: performance.now() - begun, error });
    try {
      await work();
    } catch (error) {
      end(error);
      throw error;
    }
    end(undefined);
  }

  async #succeed({ pending: { call }, attempt }: CurrentAttempt<Payload>): Promise<void> {
    const { policy, history } = this.#options;
    const { message } = call;
    if (!policy.manualAck) message.ack();
    if (message.isHandedBack) return history.keep(call, { attempts: attempt, last: HANDED_BACK });
    if (message.isSettled) await history.forget(call);
  }

  async #fail(failed: FailedAttempt<Payload>): Promise<Continuation> {
    const { policy, log, history } = this.#options;
    const { pending, attempt, error } = failed;
    const { message } = pending.call;
    if (message.isSettled || policy.isUnacknowledged) {
      log.error(message, `failed after it was settled: ${toDeadLetterError(error).message}`);
      if (!message.isHandedBack) await history.forget(pending.call);
      return 'next';
    }
    if (attempt >= policy.maxDeliver || isUnrecoverable(error))
      return this.#park(pending.call, attempt, error);
    const keeping = history.keep(pending.call, { attempts: attempt, last: lineOf(error) });
    // a message that is handed back may come again before its record is kept, one that waits here does not
    if (policy.keyOf === undefined) await keeping;
    return this.#pause(failed);
  }

  #pause({ pending, attempt, error }: FailedAttempt<Payload>): Continuation {
    const { policy, log } = this.#options;
    const { message } = pending.call;
    const delayMs = pauseAfter(attempt, policy);
    const reason = toDeadLetterError(error).message;
    log.warn(message, `failed (attempt ${attempt}), to be tried again in ${delayMs} ms: ${reason}`);
    pending.noteFailure(attempt);
    // messages of the same key wait until this one is done
    if (policy.keyOf !== undefined) return { afterMs: delayMs };
    message.nak(delayMs);
    return 'stop';
  }

  async #park(call: HandlerCall<Payload>, attempts: number, error: unknown): Promise<Continuation> {
    const { parking, history } = this.#options;
    const { message, origin } = call;
    const eventId = call.kind === 'event' ? call.event.id : undefined;
    const isEnded = await parking.park({ message, origin, eventId, attempts, error });
    if (isEnded) await history.forget(call);
    else await history.keep(call, { attempts, last: lineOf(error), isGivenUp: true });
    if (isEnded) return 'next';
    return this.#options.keepsPlace === true ? { afterMs: UNPARKED_RETRY_MS } : 'stop';
  }
}

/** A delivery of a message: the next one may be handled. */
function keyOf({ delivery }: DeliveredMessage): string {
  return `${delivery.streamSequence}.${delivery.deliveryCount}`;
}

/** An error in one line; the text of an attempt that another process made. */
function lineOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { name, message } = toDeadLetterError(error);
  return `${name}: ${message}`;
}
