import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { covers } from '../names/subject-pattern.js';
import { ensureStreams, type WantedStream } from './ensure-streams.js';

/** Where streams are created, and for whom. */
export interface ConfiguredStreamsOptions {
  readonly streams: readonly WantedStream[];
  /** The service, by the name that all its instances share. */
  readonly owner: string;
}

/** The streams that a service has configured: created at its start, and again when one is gone. */
export class ConfiguredStreams {
  readonly #connection: JetStreamConnection;
  readonly #options: ConfiguredStreamsOptions;
  #ensuring: Promise<void> | undefined;

  constructor(connection: JetStreamConnection, options: ConfiguredStreamsOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Creates the streams that are missing and updates those that differ. Calls at the same time share one run.
   *
   * @throws {@link JetStreamSettingsError} when the server refuses, or a stream is an event store's.
   */
  async ensure(): Promise<void> {
    const { streams, owner } = this.#options;
    this.#ensuring ??= ensureStreams(this.#connection, streams, owner).finally(() => {
      this.#ensuring = undefined;
    });
    return this.#ensuring;
  }

  /** How a stream is created again when it is gone; undefined for one that is not configured. */
  restorerOf(stream: string): (() => Promise<void>) | undefined {
    const isConfigured = this.#options.streams.some(({ name }) => name === stream);
    return isConfigured ? async () => this.ensure() : undefined;
  }

  /** Whether one of the streams captures the subject. */
  captures(subject: string): boolean {
    return this.#options.streams.some(({ subjects = [] }) =>
      subjects.some((pattern) => covers(pattern, subject)),
    );
  }
}
