import type { StreamConfig } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import type { NamedStreamConfig } from '../api/jetstream-api.js';
import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { createStream } from './create-stream.js';
import { findStream } from './find-stream.js';
import { differences } from './settings-diff.js';
import { JetStreamSettingsError } from './stream-errors.js';

/** What a stream beside a log is for. */
export interface BesideOptions {
  /** Name of the log's JetStream stream. */
  readonly logStream: string;
  /** What follows the `~` in its name. */
  readonly suffix: string;
  /** What it holds, as the subject of "… of a store need". */
  readonly content: string;
  /** Settings without which what it holds would be lost. */
  readonly required: Partial<StreamConfig> & Readonly<Record<string, string | number | boolean>>;
}

/**
 * A JetStream stream beside a log, `<stream>~<suffix>`. No name of a store has a `~`, so no store captures its
 * subjects. It is created at the first use, with the storage and the replicas of the log's stream, and created
 * again when it was deleted.
 */
export class StreamBeside {
  readonly name: string;
  readonly #connection: JetStreamConnection;
  readonly #options: BesideOptions;
  /** Resolved or under way. */
  #found: Promise<void> | undefined;

  constructor(connection: JetStreamConnection, options: BesideOptions) {
    this.name = `${options.logStream}~${options.suffix}`;
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Makes sure that the stream is there, once for all who ask.
   *
   * @throws {@link JetStreamSettingsError} when it has settings under which something would be lost.
   * @throws {@link UnsupportedByServerError} when the server does not know one of the settings.
   * @throws {@link NatsError} when the server refuses to create it, or does not answer in time.
   */
  async ensure(deadline: Deadline): Promise<void> {
    this.#found ??= this.#ensure(deadline).catch((error: unknown) => {
      this.#found = undefined;
      throw error;
    });
    await this.#found;
  }

  /** Nobody serves the stream: it may have been deleted. */
  doubt(): void {
    this.#found = undefined;
  }

  async #ensure(deadline: Deadline): Promise<void> {
    const { required, content } = this.#options;
    const found = await findStream(this.#connection, this.name, deadline);
    const config = found?.config ?? (await this.#create(deadline));
    const differing = differences<StreamConfig>(config, required);
    if (differing.length === 0) return;
    const wanted = differing.map((key) => `${key} ${String(required[key])}`);
    const needs = `the ${content} of a store need ${wanted.join(', ')}`;
    const reason = `${needs}; set that (nats stream edit), or delete the stream`;
    throw new JetStreamSettingsError({ stream: this.name, reason });
  }

  async #create(deadline: Deadline): Promise<StreamConfig> {
    const log = await findStream(this.#connection, this.#options.logStream, deadline);
    const { num_replicas: replicas = 1, storage = 'file' } = log?.config ?? {};
    const config: NamedStreamConfig = {
      ...this.#options.required,
      name: this.name,
      subjects: [`${this.name}.>`],
      storage,
      num_replicas: replicas,
    };
    const created = await createStream(this.#connection, config, deadline);
    return expectValue(created, `creating stream ${this.name}`).info.config;
  }
}
