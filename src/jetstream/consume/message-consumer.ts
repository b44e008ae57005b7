import type { Msg } from '@nats-io/transport-node';
import { abortable } from '../../kernel/abortable.js';
import { Backoff } from '../../kernel/backoff.js';
import { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { ApiCode } from '../api/api-codes.js';
import type { NamedConsumerConfig } from '../api/jetstream-api.js';
import { ConnectionClosedError } from '../connection/connection-errors.js';
import { findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { Backlog } from './backlog.js';
import { ConsumerLost } from './consumer-lost.js';
import type { DeliveredMessage } from './delivered-message.js';
import { HeldMessages } from './held-messages.js';
import type { MessageSource } from './message-source.js';
import { Prefetch } from './prefetch.js';
import { PullSubscription } from './pull-subscription.js';
import { PushMessages } from './push-messages.js';
import { RecoverableConsumer } from './recoverable-consumer.js';

const SET_UP_TIMEOUT_MS = 10_000;
const PULL_EXPIRES_MS = 30_000;
const PULL_BYTES = 8 * 1024 * 1024;
/** A consumer of which something is not known to be settled is looked at this often. */
const LOOK_MS = 2_000;
/** A stop waits this long for what is on its way. */
const DRAIN_MS = 1_000;
/** Of so many messages that wait for another of their key the contents are kept in memory. */
const MOST_LOADED = 1_000;
const MOST_PAST_A_KEY = 256;
/** The content of a message that cannot be read is asked for again after this long. */
const READ_AGAIN_MS = 1_000;
const READ_TIMEOUT_MS = 10_000;
/** A consumer that was read for this long is lost for a new reason. */
const STEADY_MS = 5_000;
/** Claims, and whether the consumer is stuck, are looked at this often, or three times within `ack_wait`. */
const TICK_MS = 250;
/** What waits for its turn this long is handed back, so that another instance can handle it. */
const STUCK_MS = 400;
const NS_PER_MS = 1_000_000;

/** What a consumer is, and what is done with its messages. */
export interface MessageConsumerOptions {
  readonly stream: string;
  readonly config: NamedConsumerConfig;
  /** The consumer is managed elsewhere: it is neither created nor changed. */
  readonly bind: boolean;
  /** Messages that are handled at a time. */
  readonly concurrency: number;
  /** Messages of one key are handled one after the other, in the order they came in. */
  readonly keyOf?: ((message: DeliveredMessage) => string) | undefined;
  /**
   * How often the server sends a heartbeat to an idle pull, in milliseconds. After three without one, the
   * pull is lost.
   */
  readonly heartbeatMs: number;
  /** The same for a consumer that has been idle for 30 s, in milliseconds. @default `heartbeatMs` */
  readonly idleHeartbeatMs?: number | undefined;
  /** Messages after which no more are taken. */
  readonly maxMessages: number;
  /**
   * Must not reject. A number is the time, in milliseconds, after which the message is to be handled again
   * here: its key stays taken, its place among those that are handled at a time does not.
   */
  readonly handle: (message: DeliveredMessage) => Promise<number | undefined>;
  /** Creates the stream again when it is gone. @default nothing is done: it is waited for */
  readonly restoreStream?: (() => Promise<void>) | undefined;
  /** Called with the reason when the consumption is interrupted; it continues by itself. */
  readonly onProblem: (reason: string) => void;
  /** Called with what an operator should know, and what does not interrupt the consumption. */
  readonly onNotice: (text: string) => void;
}

/** How a consumer is doing. */
export type ConsumerState = 'starting' | 'running' | 'recovering' | 'stopped';

/** A message that is being handled. */
export interface LongestCall {
  readonly subject: string;
  /** Its sequence in the JetStream stream. */
  readonly sequence: number;
  /** When its handling began. */
  readonly since: Date;
}

/**
 * Reads a consumer for as long as it is not stopped: creates it again where it was lost, renews the claims on
 * what is being handled or waits for that, and takes no more than can be handled soon. What waits for long
 * all the same is handed back; only what waits for another message of its key stays.
 */
export class MessageConsumer {
  readonly #connection: JetStreamConnection;
  readonly #options: MessageConsumerOptions;
  readonly #consumer: RecoverableConsumer;
  readonly #held: HeldMessages;
  readonly #prefetch: Prefetch;
  readonly #backlog: Backlog<DeliveredMessage>;
  /** Those that are being handled, oldest first, with the times at which that began. */
  readonly #handling = new Map<DeliveredMessage, number>();
  /** Those that are handled again when their timers end. */
  readonly #resting = new Map<DeliveredMessage, NodeJS.Timeout>();
  /** Those that were handled, and will be again. */
  readonly #tried = new Set<DeliveredMessage>();
  readonly #intake = new AbortController();
  readonly #idle = new Wakeup();
  /** A message is no longer being handled. */
  readonly #room = new Wakeup();
  #source: MessageSource | undefined;
  #state: ConsumerState = 'starting';
  #problem: string | undefined;
  #left: number;
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** Ends the reading when what waits is to be handed back. */
  #onStuck: () => void = () => undefined;
  /** Messages that were held back since one was last handled. */
  #heldBackInRow = 0;
  /** When the last handling began or ended. */
  #movedAt = 0;
  /** Whether something may have come that is not known to be settled. */
  #isUnsure = true;
  #lookedAt = performance.now();
  #hasReceived = false;
  #isExhausted = false;

  constructor(connection: JetStreamConnection, options: MessageConsumerOptions) {
    this.#connection = connection;
    this.#options = options;
    const { stream, config, bind, restoreStream } = options;
    const onChange = (text: string): void => this.#noteChange(text);
    this.#consumer = new RecoverableConsumer(connection, { stream, config, bind, restoreStream, onChange });
    this.#held = new HeldMessages(connection, this.#consumer.position);
    this.#left = options.maxMessages;
    this.#prefetch = new Prefetch(options.concurrency);
    this.#backlog = new Backlog({
      keyOf: options.keyOf,
      onHeldBack: (message) => this.#noteHeldBack(message),
    });
  }

  get state(): ConsumerState {
    return this.#state;
  }

  /** What interrupted the consumption last; undefined while nothing has. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Messages that this process holds until it tries them again, or until another of their key is done. */
  get waiting(): number {
    return this.#backlog.heldBack + this.#resting.size;
  }

  /** The message that has been handled for the longest time; undefined when none is. */
  get longest(): LongestCall | undefined {
    const [oldest] = this.#handling;
    if (oldest === undefined) return undefined;
    const [{ subject, seq: sequence }, begun] = oldest;
    return { subject, sequence, since: new Date(Date.now() - (performance.now() - begun)) };
  }

  /** Whether nothing is being handled or waits for that. */
  get isIdle(): boolean {
    return this.#handling.size === 0 && this.#resting.size === 0 && this.#backlog.ready === 0;
  }

  /**
   * Makes the consumer, or brings it up to date. Nothing is read yet.
   *
   * @throws {@link ConsumerSettingsError} when the server refuses.
   */
  async open(): Promise<void> {
    await this.#consumer.open(new Deadline(SET_UP_TIMEOUT_MS));
  }

  /** Begins to read. */
  start(): void {
    this.#tickAtAckWait();
    this.#running = this.#run().then(() => this.#handBackWaiting());
  }

  /**
   * Takes nothing more, hands back what waits, and lets what is being handled finish; what is not done by
   * then is handed back as well. Safe to call twice.
   */
  async stop(graceMs: number): Promise<void> {
    this.#intake.abort();
    await this.#running;
    await this.#untilIdle(graceMs);
    for (const message of this.#handling.keys()) message.nak();
    clearInterval(this.#timer);
    this.#state = 'stopped';
    if (this.#consumer.isEphemeral) this.#connection.api.dropConsumer(this.#consumer.ref);
  }

  async #run(): Promise<void> {
    const { signal } = this.#intake;
    const backoff = new Backoff(50, 2_000);
    for (let isFirst = true; !signal.aborted && this.#left > 0; isFirst = false) {
      try {
        if (!isFirst) await this.#reopen();
        this.#state = 'running';
        const begun = performance.now();
        const lost = await this.#readOn();
        if (lost === undefined) return;
        this.#note(lost.reason);
        if (performance.now() - begun > STEADY_MS) backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        this.#note((error as Error).message);
        // a connection that is closed for good brings nothing more
        if (error instanceof ConnectionClosedError) return;
      }
      await sleep(backoff.next(), signal).catch(() => undefined);
    }
  }

  async #reopen(): Promise<void> {
    const { isNewStream } = await this.#consumer.reopen(new Deadline(SET_UP_TIMEOUT_MS, this.#intake.signal));
    if (isNewStream) this.#held.disown();
    this.#isUnsure = true;
  }

  #noteChange(text: string): void {
    this.#tickAtAckWait();
    this.#options.onNotice(text);
  }

  #note(reason: string): void {
    this.#state = 'recovering';
    this.#problem = reason;
    this.#options.onProblem(reason);
  }

  /** Until the consumer is lost; undefined when no more is to be read. Pauses while it is stuck. */
  async #readOn(): Promise<ConsumerLost | undefined> {
    for (;;) {
      const end = await this.#read();
      if (end !== 'stuck') return end;
      if (this.#isFull) await this.#held.handBack(this.#backlog.takeBack());
      while (this.#isFull && !this.#intake.signal.aborted)
        await this.#room.wait({ signal: this.#intake.signal });
    }
  }

  async #read(): Promise<ConsumerLost | 'stuck' | undefined> {
    const { signal } = this.#intake;
    let end: ConsumerLost | 'stuck' | undefined;
    const ended = new Wakeup();
    const endWith = (reason: ConsumerLost | 'stuck'): void => {
      end ??= reason;
      ended.wake();
    };
    const source = this.#openSource(endWith);
    const look = this.#lookWhetherPushed(endWith);
    this.#onStuck = () => endWith('stuck');
    try {
      this.#source = source;
      this.#refill();
      while (end === undefined && !signal.aborted) await ended.wait({ signal });
      this.#source = undefined;
      // without a server nothing is on its way
      if (!(end instanceof ConsumerLost))
        await abortable(source.drain(), [AbortSignal.timeout(DRAIN_MS)]).catch(() => undefined);
      return end;
    } finally {
      this.#source = undefined;
      this.#onStuck = () => undefined;
      clearInterval(look);
      source.close();
    }
  }

  #openSource(onLost: (lost: ConsumerLost) => void): MessageSource {
    const { deliver_subject: subject, deliver_group: group, idle_heartbeat: heartbeat } = this.#consumer.config;
    const onMessage = (msg: Msg): void => this.#receive(msg);
    if (subject !== undefined && subject !== '') {
      const isShared = group !== undefined && group !== '';
      // of a group one hears the heartbeats, and the silence of the others means nothing
      const heartbeatMs = heartbeat && !isShared ? heartbeat / NS_PER_MS : undefined;
      const options = { subject, group: isShared ? group : undefined, heartbeatMs };
      return new PushMessages(this.#connection, options, { onMessage, onLost });
    }
    const { heartbeatMs, idleHeartbeatMs } = this.#options;
    const pulls = {
      consumer: this.#consumer.ref,
      expiresMs: PULL_EXPIRES_MS,
      heartbeatMs,
      idleHeartbeatMs,
      maxBytes: PULL_BYTES,
    };
    return new PullSubscription(this.#connection, pulls, {
      onMessage,
      onPullEnd: () => this.#refill(),
      onLost,
    });
  }

  /** The server reports a deleted consumer to a pull, but not to a push subscription. */
  #lookWhetherPushed(onLost: (lost: ConsumerLost) => void): NodeJS.Timeout | undefined {
    if (!this.#isPushed) return undefined;
    const look = async (): Promise<void> => {
      const found = await this.#consumer.look(new Deadline(LOOK_MS, this.#intake.signal));
      if (found === undefined) onLost(new ConsumerLost('the consumer is gone'));
    };
    // the connection notices by itself when its server does not answer
    return setInterval(() => void look().catch(() => undefined), LOOK_MS);
  }

  get #isPushed(): boolean {
    return this.#consumer.config.deliver_subject !== undefined;
  }

  get #isFull(): boolean {
    return this.#handling.size >= this.#options.concurrency;
  }

  /** Asks for more when less than half of what may be held is there or on its way. */
  #refill(): void {
    const source = this.#source;
    if (source === undefined || this.#intake.signal.aborted) return;
    const held = this.#backlog.ready + this.#handling.size + source.awaited;
    // past many of one key those of others are asked for in growing numbers
    const limit = Math.min(this.#prefetch.limit + Math.min(this.#heldBackInRow, MOST_PAST_A_KEY), this.#left);
    if (held <= limit / 2) source.pull(limit - held);
  }

  #receive(msg: Msg): void {
    this.#isUnsure = true;
    this.#hasReceived = true;
    const message = this.#held.receive(msg);
    if (message === undefined) return this.#refill();
    this.#backlog.add(message);
    this.#handleNext();
  }

  #noteHeldBack(message: DeliveredMessage): void {
    this.#heldBackInRow += 1;
    if (this.#backlog.heldBack > MOST_LOADED) message.unload();
  }

  #handleNext(): void {
    while (!this.#isFull && !this.#intake.signal.aborted) {
      const message = this.#left > 0 ? this.#backlog.take() : this.#backlog.takeAgain();
      if (message === undefined) break;
      if (this.#isOurs(message)) void this.#handle(message);
      else this.#abandon(message);
    }
    this.#refill();
  }

  /** A process that was busy has not renewed its claims: the server gives such a message to another. */
  #isOurs(message: DeliveredMessage): boolean {
    return this.#consumer.config.ack_policy === 'none' || message.claimAgeMs < this.#consumer.ackWaitMs;
  }

  #abandon(message: DeliveredMessage): void {
    this.#tried.delete(message);
    this.#held.abandon(message);
    this.#backlog.done(message);
  }

  async #handle(message: DeliveredMessage): Promise<void> {
    const begun = performance.now();
    this.#handling.set(message, begun);
    this.#heldBackInRow = 0;
    this.#movedAt = begun;
    if (!this.#tried.has(message)) this.#left -= 1;
    const restMs = message.isLoaded ? await this.#call(message) : await this.#loadAndCall(message);
    this.#movedAt = performance.now();
    this.#prefetch.observe(this.#movedAt - begun);
    this.#handling.delete(message);
    if (restMs === undefined) this.#finish(message);
    else this.#rest(message, restMs);
    this.#room.wake();
    if (this.#handling.size === 0) this.#idle.wake();
    if (this.#left > 0 || this.#tried.size > 0) this.#handleNext();
    else this.#intake.abort();
  }

  async #call(message: DeliveredMessage): Promise<number | undefined> {
    return this.#options.handle(message);
  }

  /** Reads the content of a message that waited for long; one that was removed since is done. */
  async #loadAndCall(message: DeliveredMessage): Promise<number | undefined> {
    const { stream } = this.#options;
    // its stream is gone, and the content with it
    if (!message.isOwned) return undefined;
    try {
      const deadline = new Deadline(READ_TIMEOUT_MS, this.#intake.signal);
      const read = await this.#connection.api.message(stream, { seq: message.seq }, deadline);
      const content = findValue(read, ApiCode.messageNotFound, `reading message ${message.seq} of ${stream}`);
      if (content === undefined) return void message.ack();
      message.load(content);
    } catch (error) {
      if (!this.#intake.signal.aborted) this.#options.onNotice((error as Error).message);
      return READ_AGAIN_MS;
    }
    return this.#call(message);
  }

  #finish(message: DeliveredMessage): void {
    this.#tried.delete(message);
    this.#held.release(message);
    this.#backlog.done(message);
  }

  #rest(message: DeliveredMessage, ms: number): void {
    if (this.#intake.signal.aborted) return message.nak();
    const timer = setTimeout(() => {
      this.#resting.delete(message);
      this.#backlog.again(message);
      this.#handleNext();
    }, ms);
    timer.unref();
    this.#tried.add(message);
    this.#resting.set(message, timer);
  }

  #handBackWaiting(): void {
    for (const timer of this.#resting.values()) clearTimeout(timer);
    for (const message of [...this.#resting.keys(), ...this.#backlog.clear()]) message.nak();
    this.#resting.clear();
  }

  #tickAtAckWait(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), Math.min(TICK_MS, this.#consumer.ackWaitMs / 3));
    this.#timer.unref();
  }

  #tick(): void {
    if (this.#consumer.config.ack_policy !== 'none') this.#held.renew(this.#consumer.ackWaitMs);
    if (this.#isStuck) this.#onStuck();
    if (this.#isUnsure && performance.now() - this.#lookedAt >= LOOK_MS) void this.#look();
  }

  /**
   * Whether messages wait, or come only to wait, though another instance may be idle. A push consumer has
   * them pushed whatever is handed back, and those of a broadcast are for this process only.
   */
  get #isStuck(): boolean {
    const { config, isEphemeral } = this.#consumer;
    if (this.#isPushed || isEphemeral || config.ack_policy !== 'explicit' || !this.#isFull) return false;
    const isWaiting = this.#backlog.ready > 0 || (this.#source?.awaited ?? 0) > 0;
    return isWaiting && performance.now() - this.#movedAt >= STUCK_MS;
  }

  /** What another instance may have changed: how far the consumer is, and its settings. */
  async #look(): Promise<void> {
    this.#lookedAt = performance.now();
    this.#isUnsure = false;
    const hasReceived = this.#hasReceived;
    this.#hasReceived = false;
    const deadline = new Deadline(LOOK_MS, this.#intake.signal);
    const found = await this.#consumer.look(deadline).catch(() => undefined);
    if (found === undefined || found.num_ack_pending > 0) this.#isUnsure = true;
    if (found === undefined) return;
    const { max_ack_pending: most = 0 } = found.config;
    const isExhausted =
      !hasReceived && most > 1 && found.num_ack_pending >= most && found.num_pending > 0 && !this.#isFull;
    if (isExhausted && !this.#isExhausted) {
      this.#problem = `${most} messages are not settled, which is max_ack_pending: no more come until one is`;
      this.#options.onNotice(this.#problem);
    }
    this.#isExhausted = isExhausted;
  }

  async #untilIdle(timeoutMs: number): Promise<void> {
    if (this.#handling.size > 0) await this.#idle.wait({ timeoutMs });
  }
}
