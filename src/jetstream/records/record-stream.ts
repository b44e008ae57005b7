import type { StreamConfig } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { findStream } from '../streams/find-stream.js';
import { StreamBeside } from '../streams/stream-beside.js';

/** Settings that records need. */
const REQUIRED = {
  retention: 'limits',
  discard: 'new',
  max_msgs_per_subject: 1,
  max_age: 0,
  allow_direct: true,
  allow_msg_ttl: true,
} as const satisfies Partial<StreamConfig>;

/** The JetStream stream of the records beside a log, `<stream>~records`. */
export class RecordStream extends StreamBeside {
  readonly #connection: JetStreamConnection;

  /** @param logStream Name of the log's JetStream stream. */
  constructor(connection: JetStreamConnection, logStream: string) {
    super(connection, { logStream, suffix: 'records', content: 'records', required: REQUIRED });
    this.#connection = connection;
  }

  /** Subject of a record, or of all whose keys begin so where it ends in `>`. */
  subjectOf(key: string): string {
    return `${this.name}.${key}`;
  }

  /** See {@link subjectOf}. */
  keyOf(subject: string): string {
    return subject.slice(this.name.length + 1);
  }

  /**
   * The server's time, in milliseconds since 1970; undefined while the stream is not there. Creates nothing.
   *
   * @throws {@link NatsError} when the user may not look, or no answer comes in time.
   */
  async now(deadline: Deadline): Promise<number | undefined> {
    const found = await findStream(this.#connection, this.name, deadline);
    return found && Date.parse(found.ts ?? new Date().toISOString());
  }
}
