import { toDeadLetterError } from '../../jetstream/dead-letters/dead-letter.js';
import { sleep } from '../../kernel/sleep.js';
import type { DeliveryLog } from '../delivery-log.js';
import type { Parking } from '../parking/parking.js';
import { pauseAfter, type ReactionPolicy } from '../reaction-policy.js';
import type { Handle, HandlerCall, PendingCall } from './handler-call.js';

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
 * again.
 */
type Continuation = 'next' | 'stop' | 'retry';

/** Calls a handler until it succeeds, is to be tried later, or its attempts are used up. */
export class Attempts<Payload> {
  readonly #options: AttemptsOptions<Payload>;

  constructor(options: AttemptsOptions<Payload>) {
    this.#options = options;
  }

  /**
   * Never rejects.
   *
   * @param signal Aborts when the consumer is being stopped: no further attempt is made.
   * @returns whether to continue with the next call of the message.
   */
  async run(pending: PendingCall<Payload>, signal: AbortSignal): Promise<boolean> {
    for (let attempt = pending.failedAttempts + 1; ; attempt += 1) {
      const continuation = await this.#attempt(pending, attempt, signal);
      if (continuation !== 'retry') return continuation === 'next';
    }
  }

  async #attempt(pending: PendingCall<Payload>, attempt: number, signal: AbortSignal): Promise<Continuation> {
    const { handle, policy } = this.#options;
    const { call } = pending;
    if (attempt > policy.maxDeliver && !policy.isUnacknowledged) {
      const error = `it was delivered ${attempt - 1} times, and never settled: processes may have died of it`;
      return this.#park(call, attempt - 1, error);
    }
    try {
      await handle(call);
      if (!policy.manualAck) call.message.ack();
      return 'next';
    } catch (error) {
      return this.#fail({ pending, attempt, error }, signal);
    }
  }

  async #fail(failed: FailedAttempt<Payload>, signal: AbortSignal): Promise<Continuation> {
    const { policy, log } = this.#options;
    const { pending, attempt, error } = failed;
    const { message } = pending.call;
    if (message.isSettled || policy.isUnacknowledged) {
      log.error(message, `failed after it was settled: ${toDeadLetterError(error).message}`);
      return 'next';
    }
    if (attempt >= policy.maxDeliver) return this.#park(pending.call, attempt, error);
    return this.#pause(failed, signal);
  }

  async #pause(
    { pending, attempt, error }: FailedAttempt<Payload>,
    signal: AbortSignal,
  ): Promise<Continuation> {
    const { policy, log } = this.#options;
    const { message } = pending.call;
    const delayMs = pauseAfter(attempt, policy);
    const reason = toDeadLetterError(error).message;
    log.warn(message, `failed (attempt ${attempt}), to be tried again in ${delayMs} ms: ${reason}`);
    pending.noteFailure(attempt);
    if (policy.keyOf === undefined) {
      message.nak(delayMs);
      return 'stop';
    }
    // messages of the same key wait until this one is done
    await sleep(delayMs, signal).catch(() => message.nak());
    return signal.aborted ? 'stop' : 'retry';
  }

  async #park(call: HandlerCall<Payload>, attempts: number, error: unknown): Promise<Continuation> {
    const { message, origin } = call;
    const eventId = call.kind === 'event' ? call.event.id : undefined;
    const isEnded = await this.#options.parking.park({ message, origin, eventId, attempts, error });
    return isEnded ? 'next' : 'stop';
  }
}
