import type { StreamConfig } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import type { NamedStreamConfig } from '../api/jetstream-api.js';
import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { createStream } from '../streams/create-stream.js';
import { findStream } from '../streams/find-stream.js';
import { differences } from '../streams/settings-diff.js';
import { JetStreamSettingsError } from '../streams/stream-errors.js';

/** Settings that records need. */
const REQUIRED = {
  retention: 'limits',
  discard: 'new',
  max_msgs_per_subject: 1,
  max_age: 0,
  allow_direct: true,
  allow_msg_ttl: true,
} as const satisfies Partial<StreamConfig>;

/**
 * The JetStream stream of the records beside a log, `<stream>~records`. No name of a store has a `~`, so no
 * store captures its subjects. It is created at the first use, with the storage and the replicas of the log's
 * stream, and created again when it was deleted.
 */
export class RecordStream {
  readonly name: string;
  readonly #connection: JetStreamConnection;
  readonly #logStream: string;
  /** Resolved or under way. */
  #found: Promise<void> | undefined;

  /** @param logStream Name of the log's JetStream stream. */
  constructor(connection: JetStreamConnection, logStream: string) {
    this.name = `${logStream}~records`;
    this.#connection = connection;
    this.#logStream = logStream;
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
   * Makes sure that the stream is there, once for all who ask.
   *
   * @throws {@link JetStreamSettingsError} when it has settings under which records would be lost.
   * @throws {@link NatsError} when the server refuses to create it, or does not answer in time.
   */
  async ensure(deadline: Deadline): Promise<void> {
    this.#found ??= this.#ensure(deadline).catch((error: unknown) => {
      this.#found = undefined;
      throw error;
    });
    await this.#found;
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

  /** Nobody serves the stream: it may have been deleted. */
  doubt(): void {
    this.#found = undefined;
  }

  async #ensure(deadline: Deadline): Promise<void> {
    const found = await findStream(this.#connection, this.name, deadline);
    const config = found?.config ?? (await this.#create(deadline));
    const differing = differences<StreamConfig>(config, REQUIRED);
    if (differing.length === 0) return;
    const wanted = differing.map((key) => `${key} ${String(REQUIRED[key as keyof typeof REQUIRED])}`);
    const reason = `the records of a store need ${wanted.join(', ')}; set that (nats stream edit), or delete the stream`;
    throw new JetStreamSettingsError({ stream: this.name, reason });
  }

  async #create(deadline: Deadline): Promise<StreamConfig> {
    const log = await findStream(this.#connection, this.#logStream, deadline);
    const { num_replicas: replicas = 1, storage = 'file' } = log?.config ?? {};
    const config: NamedStreamConfig = {
      ...REQUIRED,
      name: this.name,
      subjects: [this.subjectOf('>')],
      storage,
      num_replicas: replicas,
    };
    const created = await createStream(this.#connection, config, deadline);
    return expectValue(created, `creating stream ${this.name}`).info.config;
  }
}
