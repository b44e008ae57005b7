import { deadLetterStreamName } from '../../jetstream/dead-letters/dead-letter-stream-name.js';
import { DeadLetterStream, deadLetterSubjects } from '../../jetstream/dead-letters/dead-letter-stream.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { ensureStreams, type WantedStream } from '../../jetstream/streams/ensure-streams.js';

/**
 * The owner that the subjects of a dead-letter stream are recorded under. It is the same for all services
 * that share one.
 */
const OWNER = 'dead-letters';

/** Settings of the JetStream stream that keeps a service's dead letters. */
export interface ParkingPlaceOptions {
  readonly service: string;
  /** @default file storage, no limits, named `<service>-dead-letters` */
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
  { service, settings }: ParkingPlaceOptions,
): Promise<DeadLetterStream> {
  const name = settings.name ?? deadLetterStreamName(service);
  const wanted = { ...settings, name, subjects: [deadLetterSubjects(name)] };
  const create = async (): Promise<void> => ensureStreams(connection, [wanted], OWNER);
  await create();
  return new DeadLetterStream(connection, name, create);
}
