import type { ConsumerInfo } from '@nats-io/jetstream';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { ConsumerSettingsError } from '../../jetstream/consume/consumer-errors.js';
import { covers } from '../../jetstream/names/subject-pattern.js';
import { Deadline } from '../../kernel/deadline.js';

const LOOKUP_TIMEOUT_MS = 10_000;

/** A consumer that a handler is bound to. */
export interface BoundConsumer {
  /** The JetStream stream. */
  readonly stream: string;
  /** What the handler listens to. */
  readonly filter: string;
  /** Its settings; undefined where there is none. */
  readonly found: ConsumerInfo | undefined;
}

/**
 * Checks that a consumer that is managed elsewhere delivers nothing but what its handler listens to. It may
 * deliver less.
 *
 * @throws {@link ConsumerSettingsError} when it delivers something else.
 */
export async function checkBoundFilter(
  connection: JetStreamConnection,
  { stream, filter, found }: BoundConsumer,
): Promise<void> {
  if (found === undefined) return;
  const { filter_subject: one, filter_subjects: several } = found.config;
  const filters = one === undefined || one === '' ? (several ?? []) : [one];
  const delivered = filters.length > 0 ? filters : await subjectsOf(connection, stream);
  const other = delivered.filter((subject) => !covers(filter, subject));
  if (other.length === 0) return;
  const reason = `it delivers ${other.join(', ')}, and its handler listens to ${filter}; bind says that it is managed elsewhere, so it was left as it is: correct its filter, or the pattern`;
  throw new ConsumerSettingsError({ stream, consumer: found.name, reason });
}

/** What a consumer without a filter delivers; nothing where this user may not look. */
async function subjectsOf({ api }: JetStreamConnection, stream: string): Promise<readonly string[]> {
  const info = await api.streamInfo(stream, new Deadline(LOOKUP_TIMEOUT_MS));
  return info.ok ? (info.value.config.subjects ?? []) : [];
}
