import { causedBy, runWithMetadata } from '../../event/metadata-context.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import type { ScheduleStream } from '../../jetstream/schedules/schedule-stream.js';
import { Deadline } from '../../kernel/deadline.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { onAbort } from '../../kernel/on-abort.js';
import { withTimeLimit } from '../delivery/with-time-limit.js';
import type { ReactionLogger } from '../reaction-logger.js';
import type { PendingTimer, TimerLog } from './timer-log.js';
import { readTimerRef, type TimerRef, type TimerSchedules } from './timer-schedules.js';
import type { OnDue } from './timers.js';

const TIMEOUT_MS = 15_000;

/** What is done with timers that are due. */
export interface DueTimersParts {
  readonly log: TimerLog;
  readonly stream: ScheduleStream;
  readonly schedules: TimerSchedules;
  readonly onDue: OnDue;
  readonly backoffMs: readonly number[];
  readonly timeoutMs: number;
  readonly logger: ReactionLogger;
  /** Aborts what a stop does not wait for any longer. */
  readonly over: AbortSignal;
}

/**
 * Carries out timers as the server delivers them. Whether one is carried out says the store: its stream must
 * end with the event that was scheduled. In that order: the call, its record in the store, the removal of the
 * message, the acknowledgement. A message that comes again after the record is dropped.
 */
export class DueTimers {
  readonly #parts: DueTimersParts;
  /** Events whose timers were carried out, and not recorded yet: that alone is tried again. */
  readonly #unrecorded = new Set<string>();

  constructor(parts: DueTimersParts) {
    this.#parts = parts;
  }

  /** Never rejects: what fails is delivered again. */
  async handle(message: DeliveredMessage): Promise<undefined> {
    const ref = readTimerRef(message.data);
    try {
      const waitMs = ref === undefined ? this.#refuse(message) : await this.#settle(ref, message);
      if (waitMs > 0) {
        message.nak(waitMs);
        return undefined;
      }
      await this.#parts.stream.remove(message.seq, new Deadline(TIMEOUT_MS));
      message.ack();
    } catch (error) {
      const waitMs = this.#pauseAfter(message);
      const name = ref === undefined ? `what is due at ${message.subject}` : `timer ${ref.id}`;
      this.#parts.logger.warn(`${name} failed, and is tried again in ${waitMs} ms: ${describeThrown(error)}`);
      message.nak(waitMs);
    }
    return undefined;
  }

  #refuse({ subject, seq }: DeliveredMessage): number {
    this.#parts.logger.error(`a message at ${subject} (sequence ${seq}) is no timer; it was removed`);
    return 0;
  }

  /** @returns how long the timer still has to wait, in milliseconds; 0 when it is done. */
  async #settle(ref: TimerRef, message: DeliveredMessage): Promise<number> {
    const { log, schedules } = this.#parts;
    const timer = await log.pending(ref.id);
    if (timer?.eventId !== ref.eventId) {
      // it was cancelled or replaced; the one in its place may not have got a schedule
      if (timer !== undefined) await schedules.arm(timer);
    } else {
      // the server delivers nothing early; somebody else may have put a message there
      const early = timer.scheduledFor.getTime() - Math.max(message.time.getTime(), Date.now());
      if (early > 0) return early;
      if (!this.#unrecorded.has(ref.eventId)) await this.#call(timer, message.earlierAttempts + 1);
      this.#unrecorded.add(ref.eventId);
      await log.recordFired(timer);
    }
    this.#unrecorded.delete(ref.eventId);
    return 0;
  }

  async #call(pending: PendingTimer, attempt: number): Promise<void> {
    const { onDue, timeoutMs, over } = this.#parts;
    const { id, command, scheduledFor, position, eventId, metadata } = pending;
    const ending = new AbortController();
    const release = onAbort(over, () => ending.abort(over.reason));
    const context = causedBy({ id: eventId, metadata });
    const call = async (): Promise<void> => {
      const { signal } = ending;
      await onDue({ id, command, scheduledFor, position, eventId, metadata, attempt, signal });
    };
    try {
      await withTimeLimit(runWithMetadata(context, call), timeoutMs);
    } catch (error) {
      ending.abort(error);
      throw error;
    } finally {
      release();
    }
  }

  #pauseAfter({ earlierAttempts }: DeliveredMessage): number {
    const { backoffMs } = this.#parts;
    return backoffMs[earlierAttempts] ?? backoffMs.at(-1) ?? 0;
  }
}
