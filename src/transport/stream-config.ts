import type { StreamConfig } from '@nats-io/jetstream';
import { checkOptionNames } from './check-option-names.js';

/**
 * A JetStream stream that server or client create, or bring up to date, when they start: a configuration as
 * the server has it, under the server's names. Durations (`max_age`, `duplicate_window`) are in nanoseconds.
 * A field that is left out keeps the value that the stream has.
 *
 * Several services may name one stream, each with the subjects that it needs: the stream captures all of
 * them. A subject is removed when the last service that asked for it no longer does.
 *
 * @example
 * const streamConfig: NatsStreamConfig = { name: 'orders', subjects: ['order.*'], max_bytes: 10_000_000 };
 */
export interface NatsStreamConfig extends Partial<StreamConfig> {
  /** Name of the JetStream stream. */
  readonly name: string;
  /**
   * Subjects that the stream captures. Left out for a mirror, and for a stream that has only `sources`.
   * @default none
   */
  subjects?: string[];
  /**
   * Servers that hold the stream: 1, 3 or 5. Another name of `num_replicas`; only one of them may be given.
   * @default 1
   */
  readonly replicas?: number;
  /** Another name of `allow_rollup_hdrs`; only one of them may be given. @default false */
  readonly allow_rollup?: boolean;
}

/** Complete by its type: a field that streams get in a new version does not compile until it is listed. */
const FIELDS: Record<keyof NatsStreamConfig, true> = {
  name: true,
  subjects: true,
  description: true,
  retention: true,
  storage: true,
  max_consumers: true,
  max_msgs: true,
  max_msgs_per_subject: true,
  max_bytes: true,
  max_age: true,
  max_msg_size: true,
  discard: true,
  discard_new_per_subject: true,
  duplicate_window: true,
  num_replicas: true,
  placement: true,
  mirror: true,
  sources: true,
  republish: true,
  subject_transform: true,
  metadata: true,
  compression: true,
  consumer_limits: true,
  first_seq: true,
  sealed: true,
  no_ack: true,
  deny_delete: true,
  deny_purge: true,
  allow_direct: true,
  mirror_direct: true,
  allow_rollup_hdrs: true,
  allow_msg_ttl: true,
  subject_delete_marker_ttl: true,
  allow_msg_counter: true,
  allow_msg_schedules: true,
  allow_atomic: true,
  allow_batched: true,
  persist_mode: true,
  replicas: true,
  allow_rollup: true,
};

/**
 * The streams of the option `streamConfig`.
 *
 * @throws {@link InvalidOptionError} naming a field that does not exist, with the list of those that do.
 */
export function streamsOf(
  streamConfig: NatsStreamConfig | readonly NatsStreamConfig[] = [],
): readonly NatsStreamConfig[] {
  const streams = [streamConfig].flat();
  for (const stream of streams) checkOptionNames(stream, FIELDS, 'streamConfig');
  return streams;
}

/**
 * The settings of the dead-letter stream; undefined when dead letters are not kept.
 *
 * @throws {@link InvalidOptionError} naming a field that does not exist, with the list of those that do.
 */
export function deadLetterSettings(
  deadLetters: false | Omit<Partial<NatsStreamConfig>, 'subjects'> = {},
): Omit<Partial<NatsStreamConfig>, 'subjects'> | undefined {
  if (deadLetters === false) return undefined;
  const { subjects: _subjects, ...fields } = FIELDS;
  checkOptionNames(deadLetters, fields, 'deadLetters');
  return deadLetters;
}
