import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { JetStreamLog } from '../jetstream/jetstream-log.js';
import { LogEventStore, type LogEventStoreParts } from './log-event-store.js';

/** The event store on a JetStream stream. Made by {@link connectEventStore}. */
export class JetStreamEventStore extends LogEventStore {
  /**
   * For what is kept beside the store on the same server.
   *
   * @internal
   */
  readonly connection: JetStreamConnection;

  /** @param jetStream Name of the JetStream stream. */
  constructor(connection: JetStreamConnection, jetStream: string, parts: LogEventStoreParts) {
    super(new JetStreamLog(connection, jetStream), { ...parts, sweepsChecks: true });
    this.connection = connection;
  }
}
