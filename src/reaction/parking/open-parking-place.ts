import type { NamedStreamConfig } from '../../jetstream/api/jetstream-api.js';
import { deadLetterStreamName } from '../../jetstream/dead-letters/dead-letter-stream-name.js';
import { DeadLetterStream, deadLetterSubjects } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { ensureStreams, type WantedStream } from '../../jetstream/streams/ensure-streams.js';
import { findStream } from '../../jetstream/streams/find-stream.js';
import { Deadline } from '../../kernel/deadline.js';

/**
 * The owner that the subjects of a dead-letter stream are recorded under. It is the same for all services
 * that share one.
 */
const OWNER = 'dead-letters';
const LOOKUP_TIMEOUT_MS = 10_000;
/** Beyond that many, events stay in their streams: nothing that was given up is dropped without a word. */
const DISCARD_NEW = 'new' as NonNullable<NamedStreamConfig['discard']>;
const MOST_MESSAGES = 100_000;
const LIMIT_FIELDS = ['max_msgs', 'max_bytes', 'max_age'] as const;

/** Settings of the JetStream stream that keeps a service's dead letters. */
export interface ParkingPlaceOptions {
  readonly service: string;
  /** The JetStream streams whose messages are parked. */
  readonly logs: readonly string[];
  /**
   * @default named `<service>-dead-letters`, at most 100,000 messages, with the replicas and the storage of the
   * streams that it serves
   */
  readonly settings: Omit<Partial<WantedStream>, 'subjects'>;
}

/**
 * Creates the JetStream stream of a service's dead letters, or brings it up to date. If it is deleted later,
 * it is created again when the next message is parked.
 *
 * @throws {@link JetStreamSettingsError} when the server refuses the settings.
 */
export async function openParkingPlace(
  connection: JetStreamConnection,
  { service, logs, settings }: ParkingPlaceOptions,
): Promise<DeadLetterStream> {
  const name = settings.name ?? deadLetterStreamName(service);
  const create = async (): Promise<void> => {
    const defaults = await defaultsFor(connection, name, logs);
    const hasLimits = LIMIT_FIELDS.some((field) => settings[field] !== undefined);
    const hasReplicas = settings.replicas !== undefined || settings.num_replicas !== undefined;
    const wanted = {
      ...(defaults.isNew && { discard: DISCARD_NEW }),
      ...(defaults.isNew && !hasLimits && { max_msgs: MOST_MESSAGES }),
      ...(defaults.isNew && { storage: defaults.storage }),
      ...(!hasReplicas && { num_replicas: defaults.replicas }),
      ...settings,
      name,
      subjects: [deadLetterSubjects(name)],
    };
    await ensureStreams(connection, [wanted], OWNER);
  };
  await create();
  return new DeadLetterStream(connection, name, create);
}

interface Defaults {
  readonly isNew: boolean;
  readonly replicas: number;
  readonly storage: NonNullable<NamedStreamConfig['storage']>;
}

/** A letter survives what its original survives. An existing stream is never given fewer replicas. */
async function defaultsFor(
  connection: JetStreamConnection,
  name: string,
  logs: readonly string[],
): Promise<Defaults> {
  const [existing, ...served] = await Promise.all(
    [name, ...logs].map(async (each) => findVisible(connection, each)),
  );
  const configs = served.flatMap((config) => config ?? []);
  const replicas = [existing, ...configs].map((config) => config?.num_replicas ?? 1);
  const isInMemory = configs.length > 0 && configs.every(({ storage }) => storage === 'memory');
  return {
    isNew: existing === undefined,
    replicas: Math.max(...replicas),
    storage: (isInMemory ? 'memory' : 'file') as NonNullable<NamedStreamConfig['storage']>,
  };
}

/** Undefined also for a stream that this user may not look at. */
async function findVisible(
  connection: JetStreamConnection,
  name: string,
): Promise<NamedStreamConfig | undefined> {
  const deadline = new Deadline(LOOKUP_TIMEOUT_MS);
  try {
    return (await findStream(connection, name, deadline))?.config;
  } catch (error) {
    if (error instanceof NatsError && !deadline.passed) return undefined;
    throw error;
  }
}
