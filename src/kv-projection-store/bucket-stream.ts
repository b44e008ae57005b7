import type { JetStreamEventStore } from '../event-store/jetstream-event-store.js';
import type { NamedStreamConfig } from '../jetstream/api/jetstream-api.js';
import { expectValue } from '../jetstream/connection/expect-value.js';
import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { createStream } from '../jetstream/streams/create-stream.js';
import { findStream } from '../jetstream/streams/find-stream.js';
import type { StoreStreamOptions } from '../jetstream/streams/store-stream.js';
import { JetStreamSettingsError } from '../jetstream/streams/stream-errors.js';
import { Deadline } from '../kernel/deadline.js';

const SET_UP_TIMEOUT_MS = 10_000;

/** The settings of a KV bucket as clients of NATS create it, with one value a key. */
const SETTINGS = {
  retention: 'limits',
  max_msgs_per_subject: 1,
  max_msgs: -1,
  max_age: 0,
  discard: 'new',
  allow_direct: true,
  allow_rollup_hdrs: true,
  deny_delete: true,
};
/** Rows and their checkpoint are stored together. */
const BATCHES = { allow_atomic: true };

/** The JetStream stream of a KV bucket. */
export function streamOfBucket(bucket: string): string {
  return `KV_${bucket}`;
}

/** The subject of a key, or of a filter of keys. */
export function subjectOfKey(bucket: string, key: string): string {
  return `$KV.${bucket}.${key}`;
}

/**
 * Finds a bucket, or creates it, with the replicas and the storage of the store unless the options say
 * otherwise.
 *
 * @returns the largest message that the bucket takes, in bytes.
 * @throws {@link JetStreamSettingsError} when it exists with settings under which rows would be lost.
 */
export async function openBucketStream(
  { connection, jetStream }: JetStreamEventStore,
  bucket: string,
  options: StoreStreamOptions,
): Promise<number> {
  const deadline = new Deadline(SET_UP_TIMEOUT_MS);
  const name = streamOfBucket(bucket);
  const found = await findStream(connection, name, deadline);
  const info = found ?? (await create(connection, await configOf(), deadline));
  checkSettings(info.config);
  const { max_msg_size: largest } = info.config;
  return largest === undefined || largest < 0 ? Infinity : largest;

  async function configOf(): Promise<NamedStreamConfig> {
    const store = (await findStream(connection, jetStream, deadline))?.config;
    const config = {
      ...SETTINGS,
      ...BATCHES,
      name,
      subjects: [subjectOfKey(bucket, '>')],
      storage: options.storage ?? store?.storage,
      num_replicas: options.replicas ?? store?.num_replicas,
    };
    return config as NamedStreamConfig;
  }
}

async function create(
  connection: JetStreamConnection,
  config: NamedStreamConfig,
  deadline: Deadline,
): Promise<{ readonly config: NamedStreamConfig }> {
  const created = await createStream(connection, config, deadline);
  return expectValue(created, `creating KV bucket stream ${config.name}`).info;
}

function checkSettings(config: NamedStreamConfig): void {
  const faults: string[] = [];
  if (config.allow_atomic !== true) faults.push('allow_atomic is off and must be on');
  if (config.max_msgs_per_subject !== 1)
    faults.push(`max_msgs_per_subject (the history) is ${config.max_msgs_per_subject} and must be 1`);
  if ((config.max_age ?? 0) > 0) faults.push('max_age (the TTL) is set: rows would be lost');
  if ((config.max_msgs ?? -1) > 0) faults.push('max_msgs is set');
  if (config.mirror !== undefined || (config.sources?.length ?? 0) > 0)
    faults.push('it is a copy of another bucket');
  if (config.deny_purge === true) faults.push('deny_purge is on: a model could not be built again');
  if (faults.length > 0) throw new JetStreamSettingsError({ stream: config.name, reason: faults.join('; ') });
}
