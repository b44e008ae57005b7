import type { ConsumerInfo } from '@nats-io/jetstream';
import { type ConsumerIdentity, identityOf } from './consumer-identity.js';
import { isRead } from './list-consumers.js';

/** A consumer of a stream, whose it is, and how far it is. */
export interface ConsumerSummary extends Partial<ConsumerIdentity> {
  /** The JetStream stream. */
  readonly stream: string;
  readonly consumer: string;
  /** Whether the server keeps its position when nobody reads it. */
  readonly isDurable: boolean;
  /** The subjects that it delivers; none for all of the stream's. */
  readonly filters: readonly string[];
  /** Messages that it has not delivered yet. */
  readonly pending: number;
  /** Messages that it has delivered and that are not acknowledged. */
  readonly ackPending: number;
  /** Messages that were delivered more than once and are not acknowledged. */
  readonly redelivered: number;
  /** When a message was delivered or acknowledged last; undefined where none was. */
  readonly lastActive: Date | undefined;
  /**
   * Whether an instance reads it at this moment: it waits for messages, or they are pushed to it. One that is
   * busy with all the messages that it may hold waits for none.
   */
  readonly isRead: boolean;
}

/** What the server's information about a consumer says. */
export function summaryOf(info: ConsumerInfo): ConsumerSummary {
  const { config, delivered, ack_floor: acknowledged } = info;
  const filter = config.filter_subject ?? '';
  const times = [delivered.last_active, acknowledged.last_active].flatMap((time) => timeOf(time));
  return {
    stream: info.stream_name,
    consumer: info.name,
    ...identityOf(config),
    isDurable: (config.durable_name ?? '') !== '',
    filters: filter === '' ? (config.filter_subjects ?? []) : [filter],
    pending: info.num_pending,
    ackPending: info.num_ack_pending,
    redelivered: info.num_redelivered,
    lastActive: times.length === 0 ? undefined : new Date(Math.max(...times)),
    isRead: isRead(info),
  };
}

/** The client's type knows it as nanoseconds; the server sends a date, or nothing. */
function timeOf(value: unknown): number[] {
  const time = new Date(value as string).getTime();
  return value === undefined || Number.isNaN(time) || time <= 0 ? [] : [time];
}
