import type { DeadLetterError } from '../jetstream/dead-letters/dead-letter-error.js';

/** A message, and the handler that it was delivered to. */
export interface ObservedDelivery {
  /** The subject that the message was published to. */
  readonly subject: string;
  /** The JetStream stream that holds it. */
  readonly stream: string;
  /** Its sequence in that JetStream stream. */
  readonly sequence: number;
  /** The handler's pattern. */
  readonly handler: string;
  /** The handler's consumer. */
  readonly consumer: string;
}

/** An attempt at a message that has ended. */
export interface ObservedAttempt extends ObservedDelivery {
  /** From 1. */
  readonly attempt: number;
  /** How long the handler ran, in milliseconds. */
  readonly durationMs: number;
  /** Why it failed; undefined for a handler that succeeded. */
  readonly error: DeadLetterError | undefined;
}

/** A message that was given up. */
export interface ObservedDeadLetter extends ObservedDelivery {
  readonly attempts: number;
  readonly error: DeadLetterError;
  /** Whether it was kept as a dead letter; false where none are kept. */
  readonly isKept: boolean;
}

/**
 * Told of what becomes of deliveries, for metrics. What it throws is logged. Attempts are described when
 * somebody listens.
 */
export interface ReactionObserver {
  readonly onAttempt: (attempt: () => ObservedAttempt) => void;
  readonly onDeadLetter: (letter: ObservedDeadLetter) => void;
  /** The consumption was interrupted; it continues by itself. */
  readonly onInterruption: (interruption: { readonly consumer: string; readonly reason: string }) => void;
}
