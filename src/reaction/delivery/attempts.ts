import { toDeadLetterError } from '../../jetstream/dead-letters/dead-letter.js';
import type { DeliveryLog } from '../delivery-log.js';
import type { Parking } from '../parking/parking.js';
import { pauseAfter, type ReactionPolicy } from '../reaction-policy.js';
import type { Handle, HandlerCall, PendingCall } from './handler-call.js';
import { withTimeLimit } from './with-time-limit.js';

/** What the attempts at a call need. */
export interface AttemptsOptions<Payload> {
  readonly policy: ReactionPolicy;
  readonly handle: Handle<Payload>;
  readonly parking: Parking;
  readonly log: DeliveryLog;
}

interface FailedAttempt<Payload> {
  readonly pending: PendingCall<Payload>;
  readonly attempt: number;
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

  constructor(options: AttemptsOptions<Payload>) {
    this.#options = options;
  }

  /** Never rejects. */
  async run(pending: PendingCall<Payload>): Promise<Continuation> {
    return this.#attempt(pending, pending.failedAttempts + 1);
  }

  async #attempt(pending: PendingCall<Payload>, attempt: number): Promise<Continuation> {
    const { handle, policy } = this.#options;
    const { call } = pending;
    if (attempt > policy.maxDeliver && !policy.isUnacknowledged) {
      const error = `it was delivered ${attempt - 1} times, and never settled: processes may have died of it`;
      return this.#park(call, attempt - 1, error);
    }
    try {
      await withTimeLimit(handle(call), policy.handlerTimeoutMs);
      if (!policy.manualAck) call.message.ack();
      return 'next';
    } catch (error) {
      return this.#fail({ pending, attempt, error });
    }
  }

  async #fail(failed: FailedAttempt<Payload>): Promise<Continuation> {
    const { policy, log } = this.#options;
    const { pending, attempt, error } = failed;
    const { message } = pending.call;
    if (message.isSettled || policy.isUnacknowledged) {
      log.error(message, `failed after it was settled: ${toDeadLetterError(error).message}`);
      return 'next';
    }
    if (attempt >= policy.maxDeliver) return this.#park(pending.call, attempt, error);
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
    const { message, origin } = call;
    const eventId = call.kind === 'event' ? call.event.id : undefined;
    const isEnded = await this.#options.parking.park({ message, origin, eventId, attempts, error });
    return isEnded ? 'next' : 'stop';
  }
}
