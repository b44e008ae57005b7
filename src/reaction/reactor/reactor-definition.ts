import type { EventDefinition } from '../../event/event-registry.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { ReactorStart } from './reactor-start.js';

/** What a reactor is told of a delivery. */
export interface ReactionContext {
  /** Name of the reactor. */
  readonly reactor: string;
  /** Name of the service that runs it. */
  readonly service: string;
  /** From 1. */
  readonly attempt: number;
  /** Whether the event was parked before, and is redriven. */
  readonly isRedriven: boolean;
  /** Aborts when the attempt has taken too long, or its lane is lost or stopped. */
  readonly signal: AbortSignal;
}

/** How the events of a reactor are delivered. */
export interface ReactionOptions {
  /** Attempts at an event, the first included, after which it is parked. @default 5 */
  readonly maxAttempts?: number | undefined;
  /** The pause after each failed attempt, in milliseconds; the last is repeated. @default [200, 1000, 5000] */
  readonly backoffMs?: readonly number[] | undefined;
  /** An attempt that takes longer has failed, in milliseconds. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  /** Events that are handled at a time in one lane; those of one stream are in order. @default 16 */
  readonly concurrency?: number | undefined;
  /** Lanes that instances share; each has one owner at a time. @default 1 */
  readonly lanes?: number | undefined;
  /** Where the first start begins. Fixed when the reactor's consumers are created. @default 'now' */
  readonly from?: ReactorStart | undefined;
}

/** A durable handler of events that has effects elsewhere: at least once, in the order of each stream. */
export interface ReactorDefinition extends ReactionOptions {
  /** Names its consumers and its parked events: stable, and its own in the service. */
  readonly name: string;
  /** Event types that it handles. @default all of its categories */
  readonly events?: readonly EventDefinition[] | undefined;
  /**
   * Categories whose events it handles; jetsource's own (`$…`) may be named.
   * @default all of the user's, and notifications
   */
  readonly categories?: readonly string[] | undefined;
  /** Succeeded when it resolves. What it rejects with ends the attempt. */
  readonly handle: (event: RecordedEvent, context: ReactionContext) => unknown;
}
