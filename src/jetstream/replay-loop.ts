import { Backoff } from '../kernel/backoff.js';
import { ConnectionClosedError, TransportError } from '../kernel/errors.js';
import { sleep } from '../kernel/sleep.js';
import { ApiCode } from './api-codes.js';
import type { JetStreamConnection } from './jetstream-connection.js';
import { ConsumerLost, ReplayConsumer, type ReplayStart } from './replay-consumer.js';
import type { ReplayMessage } from './replay-message.js';

/** A bounded replay that gets nothing for this long gives up. */
const STALL_TIMEOUT_MS = 30_000;
const PULL_EXPIRES_MS = { live: 30_000, bounded: 2_000 };

export interface ReplayOptions {
  readonly start: ReplayStart;
  /** Subject filters; none for all subjects. */
  readonly filters: readonly string[];
  /** Whether to go on with what is stored later; otherwise the replay ends with what was there when it began. */
  readonly live: boolean;
  /** Messages in one batch at most. */
  readonly maxBatch: number;
  readonly signal?: AbortSignal | undefined;
  /** Told why the consumer was made anew; for health and logs. */
  readonly onRecovery?: ((reason: string) => void) | undefined;
}

/** What came since the last batch, in order. */
export interface ReplayBatch {
  readonly messages: readonly ReplayMessage[];
  /** Whether the replay stood at the end of the log when it got the last of these messages. */
  readonly caughtUp: boolean;
}

/**
 * Messages of a JetStream stream in order, without gap or duplicate, through the loss of consumers, connections and servers. Ends with the
 * signal, or with the log where it is not live.
 *
 * @throws {@link TransportError} when a bounded replay gets no further, or the stream is gone.
 */
export async function* replay(
  connection: JetStreamConnection,
  stream: string,
  options: ReplayOptions,
): AsyncGenerator<ReplayBatch, void, void> {
  const run = new Replay(connection, stream, options);
  while (!run.finished) {
    const consumer = await run.nextConsumer();
    if (consumer === undefined) continue;
    try {
      yield* run.consume(consumer);
    } finally {
      consumer.close();
    }
  }
}

class Replay {
  readonly #connection: JetStreamConnection;
  readonly #stream: string;
  readonly #options: ReplayOptions;
  readonly #backoff = new Backoff(20, 1_000);
  #start: ReplayStart;
  #left = Infinity;
  #complete = false;
  #lastProgress = performance.now();

  constructor(connection: JetStreamConnection, stream: string, options: ReplayOptions) {
    this.#connection = connection;
    this.#stream = stream;
    this.#options = options;
    this.#start = options.start;
  }

  get finished(): boolean {
    return this.#complete || this.#options.signal?.aborted === true;
  }

  /** A consumer behind the last message; undefined when the next try is due, after a pause. */
  async nextConsumer(): Promise<ReplayConsumer | undefined> {
    try {
      const made = await ReplayConsumer.create(this.#connection, this.#stream, {
        start: this.#start,
        filters: this.#options.filters,
        pullExpiresMs: PULL_EXPIRES_MS[this.#options.live ? 'live' : 'bounded'],
        signal: this.#options.signal,
      });
      if (made instanceof ReplayConsumer) return made;
      await this.#recover(made);
    } catch (error) {
      // the caller gave up, which the loop sees by itself
      if (this.#options.signal?.aborted === true) return undefined;
      if (error instanceof ConnectionClosedError || !(error instanceof TransportError)) throw error;
      await this.#recover(new ConsumerLost(error.message), error);
    }
    return undefined;
  }

  async *consume(consumer: ReplayConsumer): AsyncGenerator<ReplayBatch, void, void> {
    if (!this.#options.live) this.#left = Math.min(this.#left, consumer.pendingAtStart);
    if (this.#left === 0) this.#complete = true;
    if (consumer.pendingAtStart === 0) yield { messages: [], caughtUp: true };
    while (!this.finished) {
      const messages = await consumer.take(
        Math.min(this.#options.maxBatch, this.#left),
        this.#options.signal,
      );
      if (messages instanceof ConsumerLost) return this.#recover(messages);
      if (messages.length > 0) yield this.#batch(messages);
      else if (!(await this.#isGoingOn(consumer))) return;
    }
  }

  #batch(messages: readonly ReplayMessage[]): ReplayBatch {
    const last = messages.at(-1) as ReplayMessage;
    this.#start = { sequence: last.sequence + 1 };
    this.#left -= messages.length;
    this.#lastProgress = performance.now();
    this.#backoff.reset();
    const caughtUp = last.pending === 0;
    if (!this.#options.live && (caughtUp || this.#left <= 0)) this.#complete = true;
    return { messages, caughtUp };
  }

  /** A pull ended empty: in a bounded replay the rest may have been removed meanwhile. False when the consumer is of no use any more. */
  async #isGoingOn(consumer: ReplayConsumer): Promise<boolean> {
    if (this.#options.live || this.finished) return true;
    const pending = await consumer.pending();
    if (pending === 0) this.#complete = true;
    if (pending instanceof ConsumerLost) await this.#recover(pending);
    return !(pending instanceof ConsumerLost);
  }

  async #recover(lost: ConsumerLost, cause?: Error): Promise<void> {
    const stalledMs = performance.now() - this.#lastProgress;
    const gone = lost.fault?.err_code === ApiCode.streamNotFound;
    if (stalledMs > STALL_TIMEOUT_MS && (gone || !this.#options.live)) {
      const message = `replay of ${this.#stream} gets no further: ${lost.reason}`;
      throw new TransportError(message, cause === undefined ? {} : { cause });
    }
    this.#options.onRecovery?.(lost.reason);
    try {
      await sleep(this.#backoff.next(), this.#options.signal);
    } catch {
      // the caller gave up, which the loop sees by itself
    }
  }
}
