import type { ConsumerConfig } from '@nats-io/jetstream';

/**
 * Options that ask for a push consumer. All consumers of the older transport were push consumers; without
 * these options, consumers are pull consumers today.
 */
export interface PushConsumerOptions {
  /**
   * Asks for a push consumer: prefix of the subject that events are delivered to. The server's is the default
   * queue group of requests, too. @default none, a pull consumer
   */
  readonly deliverTo?: string | undefined;
  /**
   * Asks for a push consumer: the exact subject that events are delivered to. Only for one handler.
   * @default none, a pull consumer
   */
  readonly deliverToSubject?: string | undefined;
  /** Asks for a push consumer: the group whose instances share the events. @default the durable's name */
  readonly deliverGroup?: string | undefined;
  /**
   * Asks for a push consumer: the server pauses when an instance is slow. Needs `idleHeartbeat`.
   * @default false
   */
  readonly flowControl?: boolean | undefined;
  /** Asks for a push consumer: the highest rate of delivery, in bits per second. @default no limit */
  readonly limit?: number | undefined;
}

/** Options that only a push consumer has. */
export const PUSH_OPTIONS = [
  'deliverTo',
  'deliverToSubject',
  'deliverGroup',
  'flowControl',
  'limit',
] as const satisfies readonly (keyof PushConsumerOptions)[];

/** Where a push consumer delivers to. */
export interface PushSettings {
  readonly prefix: string | undefined;
  readonly subject: string | undefined;
  readonly group: string | undefined;
}

/** Where the consumer of these options delivers to; undefined for a pull consumer. */
export function pushSettings(options: PushConsumerOptions): PushSettings | undefined {
  const isPush = PUSH_OPTIONS.some((option) => options[option] !== undefined && options[option] !== false);
  if (!isPush) return undefined;
  return { prefix: options.deliverTo, subject: options.deliverToSubject, group: options.deliverGroup };
}

/** The subject that a push consumer delivers to, and what else decides on it. */
export interface PushTarget {
  readonly inboxPrefix: string;
  /** Tells the subject apart from those of other consumers below the prefix. */
  readonly suffix: string;
  /** Settings of the consumer if it exists already. */
  readonly existing?: ConsumerConfig | undefined;
}

/**
 * The subject that a push consumer delivers to. All instances of a durable have to listen to the same
 * subject, even when they create it at the same time. A durable of the older transport has a random subject,
 * and keeps it.
 */
export function deliverSubject(
  push: PushSettings,
  { inboxPrefix, suffix, existing }: PushTarget,
): { readonly deliver_subject: string } {
  const prefix = push.prefix ?? inboxPrefix;
  const current = existing?.deliver_subject;
  const kept = current?.startsWith(`${prefix}.`) === true ? current : undefined;
  return { deliver_subject: push.subject ?? kept ?? `${prefix}.${suffix}` };
}
