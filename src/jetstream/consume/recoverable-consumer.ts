import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode, FORBIDDEN } from '../api/api-codes.js';
import type { ConsumerRef } from '../api/api-subjects.js';
import type { NamedConsumerConfig } from '../api/jetstream-api.js';
import { findValue, unexpectedFault } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { ConsumerSettingsError } from './consumer-errors.js';
import { ConsumerPosition } from './consumer-position.js';
import { ensureConsumer, findConsumer } from './ensure-consumer.js';

const NS_PER_MS = 1_000_000;
const DEFAULT_ACK_WAIT_NS = 30_000 * NS_PER_MS;

/** Which consumer is meant, and what it should be. */
export interface RecoverableConsumerOptions {
  readonly stream: string;
  readonly config: NamedConsumerConfig;
  /** The consumer is managed elsewhere: it is neither created nor changed. */
  readonly bind: boolean;
  /**
   * Whether the settings are this process's business alone, and are brought up to date whenever it is found
   * again. @default false: what another instance has changed since it was opened stays
   */
  readonly isSole?: boolean | undefined;
  /** Creates the stream again when it is gone. @default nothing is done: it is waited for */
  readonly restoreStream?: (() => Promise<void>) | undefined;
  /** Called with what another instance, or an operator, has changed. */
  readonly onChange: (text: string) => void;
}

/**
 * A consumer on the server. One that was deleted is created again where it was; one on a stream that was
 * replaced begins with the first message of the new stream.
 */
export class RecoverableConsumer {
  readonly position = new ConsumerPosition();
  readonly #connection: JetStreamConnection;
  readonly #options: RecoverableConsumerOptions;
  #config: NamedConsumerConfig;
  #ackWaitMs: number | undefined;
  /** When the stream was created; undefined where the user may not look. */
  #streamCreated: string | undefined;

  constructor(connection: JetStreamConnection, options: RecoverableConsumerOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#config = options.config;
  }

  /** The settings as the server has them. */
  get config(): NamedConsumerConfig {
    return this.#config;
  }

  get ref(): ConsumerRef {
    const { stream, config } = this.#options;
    return { stream, consumer: config.name };
  }

  /** The time within which a message has to be settled, or its claim renewed. */
  get ackWaitMs(): number {
    return this.#ackWaitMs ?? DEFAULT_ACK_WAIT_NS / NS_PER_MS;
  }

  /** Whether it is this process's alone, and ends with it. */
  get isEphemeral(): boolean {
    return this.#options.config.durable_name === undefined && !this.#options.bind;
  }

  /**
   * Creates the consumer, or brings its settings up to date.
   *
   * @throws {@link ConsumerSettingsError} when the server refuses.
   */
  async open(deadline: Deadline): Promise<void> {
    const { stream, config } = this.#options;
    const found = this.#options.bind
      ? await this.#find(deadline)
      : await ensureConsumer(this.#connection, { stream, config }, deadline);
    this.#adopt(found ?? this.#missing());
    this.#streamCreated = (await this.#lookAtStream(deadline))?.created;
  }

  /**
   * Finds the consumer again after it was lost, or creates it where it was.
   *
   * @returns whether the stream is another one than before.
   */
  async reopen(deadline: Deadline): Promise<{ readonly isNewStream: boolean }> {
    const { stream, config, bind, isSole = false } = this.#options;
    const info = await this.#lookAtStream(deadline);
    const isNewStream = this.#streamCreated !== undefined && info?.created !== this.#streamCreated;
    if (isNewStream) this.position.startOver();
    this.#streamCreated = info?.created;
    const found = isSole ? undefined : await this.#find(deadline);
    if (found === undefined && bind) this.#missing();
    const wanted = this.position.resume(config, info?.state.last_seq);
    this.#adopt(found ?? (await ensureConsumer(this.#connection, { stream, config: wanted }, deadline)));
    return { isNewStream };
  }

  /** What the server says of the consumer at a moment when its settings are not as wanted. */
  async peek(deadline: Deadline): Promise<ConsumerInfo | undefined> {
    return this.#find(deadline);
  }

  /** Takes over what the server says of the consumer; undefined when there is none. */
  async look(deadline: Deadline): Promise<ConsumerInfo | undefined> {
    const found = await this.#find(deadline);
    if (found !== undefined) this.#adopt(found);
    return found;
  }

  async #find(deadline: Deadline): Promise<ConsumerInfo | undefined> {
    return findConsumer(this.#connection, this.ref, deadline);
  }

  #missing(): never {
    const { stream, config } = this.#options;
    const reason = 'it does not exist, and bind says that it is managed elsewhere';
    throw new ConsumerSettingsError({ stream, consumer: config.name, reason });
  }

  #adopt(info: ConsumerInfo): void {
    const before = this.#ackWaitMs;
    this.#config = { ...info.config, name: this.#config.name };
    this.#ackWaitMs = (info.config.ack_wait ?? DEFAULT_ACK_WAIT_NS) / NS_PER_MS;
    this.position.note(info);
    if (before === undefined || before === this.#ackWaitMs) return;
    this.#options.onChange(
      `ack_wait was changed from ${before} to ${this.#ackWaitMs} ms elsewhere; give all instances the same ackWait`,
    );
  }

  /** The stream, created again where it is gone; undefined when this user may not look. */
  async #lookAtStream(deadline: Deadline, isRestored = false): Promise<StreamInfo | undefined> {
    const { stream, restoreStream } = this.#options;
    const result = await this.#connection.api.streamInfo(stream, deadline);
    if (!result.ok && result.fault.code === FORBIDDEN) return undefined;
    const doing = `reading the settings of stream ${stream}`;
    const found = findValue(result, ApiCode.streamNotFound, doing);
    if (found !== undefined) return found;
    if (restoreStream === undefined || isRestored)
      throw unexpectedFault(doing, { code: 404, description: 'it is gone' });
    await restoreStream();
    return this.#lookAtStream(deadline, true);
  }
}
