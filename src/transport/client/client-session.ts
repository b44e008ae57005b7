import { BatchPublisher } from '../../jetstream/publish/batch-publisher.js';
import { ConfiguredStreams } from '../../jetstream/streams/configured-streams.js';
import type { ClientSettings } from './nats-jetstream-client-options.js';
import { RestoringPublisher } from '../../jetstream/publish/restoring-publisher.js';
import { DEFAULT_SERVICE_NAME, TransportConnection } from '../transport-connection.js';

/** Connection and publisher of a connected client. */
export interface ClientSession {
  readonly connection: TransportConnection;
  readonly publisher: RestoringPublisher;
  readonly batches: BatchPublisher;
}

/** Connects, and brings the client's JetStream streams up to date. */
export async function openClientSession(settings: ClientSettings): Promise<ClientSession> {
  const { connectionOptions, jetStreamOptions, streams } = settings;
  // a client's timeout is that of its emits, which may look for longer
  const api = { ...jetStreamOptions, timeout: undefined };
  const connection = await TransportConnection.acquire(connectionOptions, api);
  try {
    // a server of the same service owns its subjects under the plain name: neither removes the other's
    const owner = `${connectionOptions.name ?? DEFAULT_SERVICE_NAME}/client`;
    const configured = new ConfiguredStreams(connection.jetstream, { streams, owner });
    await configured.ensure();
    return {
      connection,
      publisher: new RestoringPublisher(connection.jetstream, configured),
      batches: new BatchPublisher(connection.jetstream),
    };
  } catch (error) {
    await connection.release();
    throw error;
  }
}
