import type { Msg } from '@nats-io/transport-node';
import { v4 as randomUuid } from 'uuid';
import type { ReplayStart } from '../../log/message-log.js';
import { Deadline } from '../../kernel/deadline.js';
import { NatsError } from '../connection/connection-errors.js';
import { ConsumerLost } from '../consume/consumer-lost.js';
import type { ApiFault } from '../api/api-fault.js';
import type { ConsumerRef } from '../api/api-subjects.js';
import type { JetStreamApi, NamedConsumerConfig } from '../api/jetstream-api.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { PullSubscription } from '../consume/pull-subscription.js';
import { type ReplayMessage, toReplayMessage } from './replay-message.js';

/** Messages asked for in one pull; two pulls are under way at a time. */
const PULL_MESSAGES = 5_000;
const PULLS = 2;
/** Bytes one pull may bring, so that large commits do not fill the memory. */
const PULL_BYTES = 8 * 1024 * 1024;
/** The server says this often that an idle pull is alive. */
const HEARTBEAT_MS = 700;
/** The server removes a consumer that nobody pulls from after this long. */
const INACTIVE_MS = 30_000;
const CREATE_TIMEOUT_MS = 5_000;
const NS_PER_MS = 1_000_000;

/** What a consumer is made for. */
export interface ReplayConsumerOptions {
  readonly start: ReplayStart;
  /** Subject filters; none for all subjects. */
  readonly filters: readonly string[];
  /**
   * A pull without messages ends after this long, in milliseconds: then a bounded replay asks whether
   * anything is left.
   */
  readonly pullExpiresMs: number;
  /** What the stream is reached by. @default the connection's own API */
  readonly api?: JetStreamApi | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A consumer on the server, as it was made. */
interface MadeConsumer {
  readonly ref: ConsumerRef;
  readonly pending: number;
  readonly pullExpiresMs: number;
  readonly api: JetStreamApi;
}

/**
 * One ephemeral pull consumer in memory, read through core messages. Ordered, without acknowledgements. It
 * notices when it is lost (silence, a gap, a server that says so, a reconnect) and then stops: making a new
 * one is the replay loop's.
 */
export class ReplayConsumer {
  /** Messages that waited for delivery when the consumer was made. */
  readonly pendingAtStart: number;
  readonly #api: JetStreamApi;
  readonly #ref: ConsumerRef;
  readonly #pulls: PullSubscription;
  #buffer: Msg[] = [];
  #bufferedBytes = 0;
  #delivered = 0;
  #lost: ConsumerLost | undefined;
  #idlePulls = 0;
  /** Signs of life since the last message: nothing is on its way. */
  #heartbeats = 0;
  readonly #news = new Wakeup();

  private constructor(connection: JetStreamConnection, { ref, pending, pullExpiresMs, api }: MadeConsumer) {
    this.pendingAtStart = pending;
    this.#api = api;
    this.#ref = ref;
    const options = {
      consumer: ref,
      expiresMs: pullExpiresMs,
      heartbeatMs: HEARTBEAT_MS,
      maxBytes: PULL_BYTES,
      api,
    };
    this.#pulls = new PullSubscription(connection, options, {
      onMessage: (msg) => this.#receive(msg),
      onHeartbeat: () => this.#receiveHeartbeat(),
      onPullEnd: ({ wasEmpty }) => this.#notePullEnd(wasEmpty),
      onLost: (lost) => this.#lose(lost),
    });
  }

  /**
   * Creates the consumer on the server and sends its first pulls; a refusal comes back as
   * {@link ConsumerLost}.
   */
  static async create(
    connection: JetStreamConnection,
    stream: string,
    options: ReplayConsumerOptions,
  ): Promise<ReplayConsumer | ConsumerLost> {
    const { start, filters, pullExpiresMs, api = connection.api, signal } = options;
    const config = consumerConfig(`replay-${randomUuid()}`, start, filters);
    const deadline = new Deadline(CREATE_TIMEOUT_MS, signal);
    const result = await api.putConsumer(stream, { config, action: 'create' }, deadline);
    if (!result.ok) return lostBy(result.fault);
    const ref = { stream, consumer: config.name };
    const consumer = new ReplayConsumer(connection, {
      ref,
      pending: result.value.num_pending,
      pullExpiresMs,
      api,
    });
    consumer.#refill();
    return consumer;
  }

  /**
   * Waits for messages and takes all that have come; empty when a pull ended without any, or, if asked for,
   * when the server has none at the moment.
   */
  async take(
    max: number,
    signal: AbortSignal | undefined,
    whenIdle: boolean,
  ): Promise<ReplayMessage[] | ConsumerLost> {
    while (this.#buffer.length === 0 && this.#lost === undefined && !this.#isIdle(whenIdle)) {
      if (signal?.aborted === true) return [];
      await this.#news.wait({ signal });
    }
    if (this.#buffer.length === 0 && this.#lost !== undefined) return this.#lost;
    this.#idlePulls = 0;
    this.#heartbeats = 0;
    const taken = this.#buffer.splice(0, max);
    for (const { data } of taken) this.#bufferedBytes -= data.length;
    this.#refill();
    return this.#inOrder(taken);
  }

  #isIdle(byHeartbeat: boolean): boolean {
    return this.#idlePulls > 0 || (byHeartbeat && this.#heartbeats > 0);
  }

  /** Asks the server how many messages are still to come. */
  async pending(): Promise<number | ConsumerLost> {
    try {
      const info = await this.#api.consumerInfo(this.#ref, new Deadline(CREATE_TIMEOUT_MS));
      return info.ok ? info.value.num_pending : lostBy(info.fault);
    } catch (error) {
      if (error instanceof NatsError) return new ConsumerLost(error.message);
      throw error;
    }
  }

  /** Stops listening and removes the consumer on the server, without waiting for the answer. */
  close(): void {
    this.#pulls.close();
    this.#api.dropConsumer(this.#ref);
  }

  /** Keeps two pulls under way, unless what has come already is still to be taken. */
  #refill(): void {
    while (this.#lost === undefined && this.#pulls.count < PULLS && this.#hasRoom)
      this.#pulls.pull(PULL_MESSAGES);
  }

  /** A reader that is slow must not fill the memory, neither with many messages nor with large ones. */
  get #hasRoom(): boolean {
    return this.#buffer.length <= PULL_MESSAGES && this.#bufferedBytes <= PULL_BYTES;
  }

  #receive(msg: Msg): void {
    this.#heartbeats = 0;
    this.#buffer.push(msg);
    this.#bufferedBytes += msg.data.length;
    this.#news.wake();
  }

  #receiveHeartbeat(): void {
    this.#heartbeats += 1;
    this.#news.wake();
  }

  #notePullEnd(wasEmpty: boolean): void {
    if (wasEmpty) this.#idlePulls += 1;
    this.#refill();
    this.#news.wake();
  }

  #inOrder(taken: readonly Msg[]): ReplayMessage[] | ConsumerLost {
    const messages: ReplayMessage[] = [];
    for (const msg of taken) {
      const message = toReplayMessage(msg);
      if (message.delivery !== this.#delivered + 1) {
        this.#lose(new ConsumerLost(`delivery ${this.#delivered + 1} is missing`));
        this.#buffer = [];
        this.#bufferedBytes = 0;
        break;
      }
      this.#delivered = message.delivery;
      messages.push(message);
    }
    return messages.length === 0 && this.#lost !== undefined ? this.#lost : messages;
  }

  #lose(lost: ConsumerLost): void {
    this.#lost ??= lost;
    this.#news.wake();
  }
}

function lostBy(fault: ApiFault): ConsumerLost {
  return new ConsumerLost(fault.description ?? 'refused', fault);
}

function consumerConfig(name: string, start: ReplayStart, filters: readonly string[]): NamedConsumerConfig {
  return {
    name,
    ack_policy: 'none',
    replay_policy: 'instant',
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: INACTIVE_MS * NS_PER_MS,
    ...('time' in start
      ? { deliver_policy: 'by_start_time', opt_start_time: start.time.toISOString() }
      : { deliver_policy: 'by_start_sequence', opt_start_seq: Math.max(1, start.sequence) }),
    ...(filters.length === 1 && { filter_subject: filters[0] }),
    ...(filters.length > 1 && { filter_subjects: [...filters] }),
  };
}
