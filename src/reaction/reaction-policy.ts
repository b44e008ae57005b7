import type { DeliveredMessage } from '../jetstream/consume/delivered-message.js';

/** How a handler's events are attempted, ordered and acknowledged. */
export interface ReactionPolicy {
  /** Attempts at an event, the first included, after which it is parked; `Infinity` for no limit. */
  readonly maxDeliver: number;
  /**
   * The pause after each failed attempt, in milliseconds. The last one is repeated; an empty list means no
   * pause.
   */
  readonly backoffMs: readonly number[];
  /**
   * An attempt that takes longer has failed, in milliseconds; what the handler returns later is ignored.
   * Undefined for no limit.
   */
  readonly handlerTimeoutMs: number | undefined;
  /** Messages that are handled at a time in one process. */
  readonly concurrency: number;
  /**
   * Messages of one key are handled in order within a process, those of different keys side by side. A failed
   * message is tried again before the next one of its key. Undefined for no order: a failed message is handed
   * back.
   */
  readonly keyOf: ((message: DeliveredMessage) => string) | undefined;
  /** Whether the handler acknowledges each message itself. */
  readonly manualAck: boolean;
  /** At most once: the server expects no acknowledgement, so a failed message is lost. */
  readonly isUnacknowledged: boolean;
}

/** The pause after a failed attempt, in milliseconds. The first attempt is number 1. */
export function pauseAfter(attempt: number, { backoffMs }: Pick<ReactionPolicy, 'backoffMs'>): number {
  return backoffMs[Math.min(attempt, backoffMs.length) - 1] ?? 0;
}
