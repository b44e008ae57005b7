import type { ReplayBatch, ReplayOptions, ReplayStart } from '../../log/message-log.js';
import { Backoff } from '../../kernel/backoff.js';
import { ConnectionClosedError, NatsError } from '../connection/connection-errors.js';
import { StoreNotFoundError } from '../streams/stream-errors.js';
import { sleep } from '../../kernel/sleep.js';
import { ApiCode, FORBIDDEN } from '../api/api-codes.js';
import { judge } from '../api/api-fault.js';
import { ConsumerLost } from '../consume/consumer-lost.js';
import type { JetStreamApi } from '../api/jetstream-api.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { hasMessages, logEnd } from '../read/log-end.js';
import { ReplayConsumer } from './replay-consumer.js';
import type { ReplayMessage } from './replay-message.js';

/** A bounded replay that gets nothing for this long gives up. */
const STALL_TIMEOUT_MS = 30_000;
/**
 * A stream that the server does not know for this long has been deleted; an election may make it forget for a
 * moment.
 */
const GONE_MS = 2_500;
const PULL_EXPIRES_MS = { live: 30_000, bounded: 2_000 };

/** What a replay of a JetStream stream is asked for. */
export interface StreamReplayOptions extends Omit<ReplayOptions, 'source'> {
  /** What the stream is reached by. @default the connection's own API */
  readonly api?: JetStreamApi | undefined;
}

/**
 * Messages of a JetStream stream in order, without gap or duplicate, through the loss of consumers,
 * connections and servers. Ends with the signal, or with the log where it is not live.
 *
 * @throws {@link NatsError} when a bounded replay gets no further.
 * @throws {@link StoreNotFoundError} when the stream is gone.
 */
export async function* replay(
  connection: JetStreamConnection,
  stream: string,
  options: StreamReplayOptions,
): AsyncGenerator<ReplayBatch, void, void> {
  const run = new Replay(connection, stream, options);
  await run.findEnd();
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
  readonly #options: StreamReplayOptions;
  readonly #api: JetStreamApi;
  readonly #backoff = new Backoff(20, 1_000);
  #start: ReplayStart;
  /** Sequence of the last message to give, where the replay is not live. */
  #end = Infinity;
  #complete = false;
  #lastProgress = performance.now();
  /** Since when the server has answered nothing but that there is no such stream. */
  #goneSince: number | undefined;
  /** Whether the last that was heard of the end is that messages are still to come. */
  #lags = false;

  constructor(connection: JetStreamConnection, stream: string, options: StreamReplayOptions) {
    this.#connection = connection;
    this.#stream = stream;
    this.#options = options;
    this.#api = options.api ?? connection.api;
    this.#start = options.start;
  }

  get finished(): boolean {
    return this.#complete || this.#options.signal?.aborted === true;
  }

  /** Where a bounded replay ends is asked of the leader: a replica that lags would end it too early. */
  async findEnd(): Promise<void> {
    if (this.#options.live || this.finished) return;
    const { sequence, time } = await logEnd(this.#api, this.#stream, {
      signal: this.#options.signal,
    });
    this.#end = sequence;
    const start = this.#start;
    this.#complete = 'time' in start ? time < start.time.getTime() : sequence < start.sequence;
  }

  /** A consumer that begins after the last message; undefined when the next try is due, after a pause. */
  async nextConsumer(): Promise<ReplayConsumer | undefined> {
    const made = await this.#make();
    if (made instanceof ReplayConsumer) {
      this.#goneSince = undefined;
      return made;
    }
    if (made !== undefined) await this.#recover(made.lost, made.cause);
    return undefined;
  }

  /** Undefined when the caller gave up meanwhile. */
  async #make(): Promise<ReplayConsumer | { lost: ConsumerLost; cause?: Error } | undefined> {
    try {
      const made = await ReplayConsumer.create(this.#connection, this.#stream, {
        start: this.#start,
        filters: this.#options.filters,
        pullExpiresMs: PULL_EXPIRES_MS[this.#options.live ? 'live' : 'bounded'],
        api: this.#api,
        signal: this.#options.signal,
      });
      return made instanceof ReplayConsumer ? made : { lost: made };
    } catch (error) {
      // the caller gave up, which the loop sees by itself
      if (this.#options.signal?.aborted === true) return undefined;
      if (error instanceof ConnectionClosedError || !(error instanceof NatsError)) throw error;
      return { lost: new ConsumerLost(error.message), cause: error };
    }
  }

  async *consume(consumer: ReplayConsumer): AsyncGenerator<ReplayBatch, void, void> {
    this.#lags = consumer.pendingAtStart > 0;
    if (!this.#lags) {
      await this.#findComplete();
      yield { messages: [], caughtUp: true, pending: 0 };
    }
    while (!this.finished) {
      const { maxBatch, signal } = this.#options;
      const messages = await consumer.take(maxBatch, signal, this.#lags);
      if (messages instanceof ConsumerLost) return this.#recover(messages);
      if (messages.length > 0) yield* this.#deliver(messages);
      else if (!this.finished && (this.#lags || !this.#options.live)) {
        const pending = await consumer.pending();
        if (pending instanceof ConsumerLost) return this.#recover(pending);
        if (pending === 0) yield* this.#deliver([]);
      }
    }
  }

  /** Messages, or none when the replica has none to come, since those that were have been removed. */
  async *#deliver(messages: readonly ReplayMessage[]): AsyncGenerator<ReplayBatch, void, void> {
    const last = messages.at(-1);
    const wanted = this.#unseen(messages).filter(({ sequence }) => sequence <= this.#end);
    const pending = last?.pending ?? 0;
    this.#lags = pending > 0;
    if (last !== undefined) this.#noteProgress(last);
    if (!this.#lags) await this.#findComplete();
    const deliveredAt = performance.now();
    yield { messages: wanted, caughtUp: !this.#lags, pending };
    // the time that the reader took for them is no stall of the replay
    this.#lastProgress += performance.now() - deliveredAt;
  }

  #noteProgress(last: ReplayMessage): void {
    this.#lastProgress = performance.now();
    this.#backoff.reset();
    this.#complete = last.sequence >= this.#end;
  }

  /**
   * The replica has nothing more to give. A bounded replay is complete then, unless the leader has more: the
   * replica lags.
   *
   * @throws {@link NatsError} when it has lagged too long.
   */
  async #findComplete(): Promise<void> {
    if (this.#options.live || this.finished) return;
    // a time that no message answers to has no sequence to ask with
    const from = 'sequence' in this.#start ? this.#start.sequence : this.#end + 1;
    const { filters, signal } = this.#options;
    const range = { filters, from, to: this.#end, signal };
    this.#complete = from > this.#end || !(await hasMessages(this.#api, this.#stream, range));
    if (!this.#complete) this.#checkProgress('the replica that serves it lags behind the leader');
  }

  /**
   * A replica that lags begins at its own end when it is asked to begin after that: what comes then has been
   * seen.
   */
  #unseen(messages: readonly ReplayMessage[]): readonly ReplayMessage[] {
    const last = messages.at(-1);
    if (last === undefined) return messages;
    const from = 'sequence' in this.#start ? this.#start.sequence : 0;
    this.#start = { sequence: Math.max(from, last.sequence + 1) };
    const [first = last] = messages;
    return first.sequence >= from ? messages : messages.filter(({ sequence }) => sequence >= from);
  }

  async #recover(lost: ConsumerLost, cause?: Error): Promise<void> {
    this.#checkExists(lost);
    this.#checkRefusal(lost);
    this.#checkProgress(lost.reason, cause);
    this.#options.onRecovery?.(lost.reason);
    try {
      await sleep(this.#backoff.next(), this.#options.signal);
    } catch {
      // the caller gave up, which the loop sees by itself
    }
  }

  /** @throws {@link NatsError} when trying again cannot help. */
  #checkRefusal({ reason, fault }: ConsumerLost): void {
    if (fault === undefined) return;
    // a user without permission has none in 30 s either; who follows may be given it
    const isHopeless = judge(fault) === 'wrong' || (fault.code === FORBIDDEN && !this.#options.live);
    if (isHopeless) throw new NatsError(`replay of ${this.#stream} gets no further: ${reason}`);
  }

  /** @throws {@link NatsError} when a bounded replay has got nothing for too long. */
  #checkProgress(reason: string, cause?: Error): void {
    const stalledMs = performance.now() - this.#lastProgress;
    if (this.#options.live || stalledMs <= STALL_TIMEOUT_MS) return;
    const message = `replay of ${this.#stream} gets no further: ${reason}`;
    throw new NatsError(message, cause === undefined ? {} : { cause });
  }

  /** @throws {@link StoreNotFoundError} when the server has said so more than once, for a while. */
  #checkExists(lost: ConsumerLost): void {
    const isGone = lost.fault?.err_code === ApiCode.streamNotFound;
    const now = performance.now();
    if (!isGone) this.#goneSince = undefined;
    else if (this.#goneSince === undefined) this.#goneSince = now;
    else if (now - this.#goneSince > GONE_MS)
      throw new StoreNotFoundError({ store: this.#stream, reason: lost.reason });
  }
}
