import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { findCopies, type StreamCopy } from '../jetstream/streams/stream-copies.js';
import { ReplicaStream } from '../jetstream/streams/replica-stream.js';
import type { ReplicaSource } from '../log/replica-source.js';
import { Deadline } from '../kernel/deadline.js';
import { JetStreamLog } from '../jetstream/jetstream-log.js';
import { LogEventStore, type LogEventStoreParts } from './log-event-store.js';

const LIST_TIMEOUT_MS = 10_000;

/** The event store on a JetStream stream. Made by {@link connectEventStore}. */
export class JetStreamEventStore<Events extends object = object> extends LogEventStore<Events> {
  /**
   * The connection, for data that is kept beside the store on the same server.
   *
   * @internal
   */
  readonly connection: JetStreamConnection;

  /**
   * Name of the JetStream stream.
   *
   * @internal
   */
  readonly jetStream: string;

  /** @param jetStream Name of the JetStream stream. */
  constructor(connection: JetStreamConnection, jetStream: string, parts: LogEventStoreParts) {
    const log = new JetStreamLog(connection, { name: jetStream, identity: parts.identity });
    super(log, { ...parts, sweepsChecks: true });
    this.connection = connection;
    this.jetStream = jetStream;
  }

  override async replicaLag(
    source: ReplicaSource,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<number> {
    return new ReplicaStream(this.connection, this.jetStream, source).lag(signal);
  }

  /**
   * The JetStream streams of the account that mirror or source the store, as they are now; undefined where
   * the user may not list streams. A mirror answers direct gets in the place of the store: reads stay right,
   * but ask the leader more often. Events that are deleted from the store stay in its copies.
   *
   * @throws {@link NatsError} when the server does not answer within 10 s.
   */
  async copies(): Promise<readonly StreamCopy[] | undefined> {
    return findCopies(this.connection, this.jetStream, new Deadline(LIST_TIMEOUT_MS));
  }
}
