import type { Msg } from '@nats-io/transport-node';
import { abortable } from '../../kernel/abortable.js';
import { Backoff } from '../../kernel/backoff.js';
import { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { ConsumerSettingsError } from './consumer-errors.js';
import { Backlog } from './backlog.js';
import { ConsumerLost } from './consumer-lost.js';
import { DeliveredMessage } from './delivered-message.js';
import { ensureConsumer, findConsumer } from './ensure-consumer.js';
import type { ConsumerRef } from '../api/api-subjects.js';
import type { NamedConsumerConfig } from '../api/jetstream-api.js';
import { ConnectionClosedError } from '../connection/connection-errors.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { MessageSource } from './message-source.js';
import { Prefetch } from './prefetch.js';
import { PullSubscription } from './pull-subscription.js';
import { PushMessages } from './push-messages.js';

const SET_UP_TIMEOUT_MS = 10_000;
const PULL_EXPIRES_MS = 30_000;
const PULL_BYTES = 8 * 1024 * 1024;
/** A consumer that is pushed from, and has no heartbeat, is asked for this often. */
const LOOK_MS = 2_000;
/** A stop waits this long for what is on its way. */
const DRAIN_MS = 1_000;
/** Messages that are held back by another of their key are no reason to ask for no more, up to that many. */
const MOST_HELD_BACK = 1_000;
/** A consumer that was read for this long is lost for a new reason. */
const STEADY_MS = 5_000;
/** How often within `ack_wait` a claim is renewed. */
const RENEWALS = 3;
const NS_PER_MS = 1_000_000;
const DEFAULT_ACK_WAIT_NS = 30_000 * NS_PER_MS;

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
  /** Messages after which no more are taken. */
  readonly maxMessages: number;
  /** Must not reject. The signal aborts when the consumer is being stopped. */
  readonly handle: (message: DeliveredMessage, signal: AbortSignal) => Promise<void>;
  /** Called with the reason when the consumption is interrupted; it continues by itself. */
  readonly onProblem: (reason: string) => void;
}

/** How a consumer is doing; `finished` when it has taken as many messages as it may. */
export type ConsumerState = 'starting' | 'running' | 'recovering' | 'finished' | 'stopped';

/**
 * Reads a consumer for as long as it is not stopped: makes it again where it was lost, renews the claims on
 * what is being handled or waits for that, and takes no more than can be handled soon.
 */
export class MessageConsumer {
  readonly #connection: JetStreamConnection;
  readonly #options: MessageConsumerOptions;
  readonly #prefetch: Prefetch;
  readonly #backlog: Backlog<DeliveredMessage>;
  readonly #handling = new Set<DeliveredMessage>();
  readonly #intake = new AbortController();
  #config: NamedConsumerConfig;
  #source: MessageSource | undefined;
  #state: ConsumerState = 'starting';
  #problem: string | undefined;
  #left: number;
  /** Sequence of the last message that came. */
  #lastSequence = 0;
  #running: Promise<void> = Promise.resolve();
  #renewal: NodeJS.Timeout | undefined;
  readonly #idle = new Wakeup();

  constructor(connection: JetStreamConnection, options: MessageConsumerOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#config = options.config;
    this.#left = options.maxMessages;
    this.#prefetch = new Prefetch(options.concurrency);
    this.#backlog = new Backlog(options.keyOf);
  }

  get state(): ConsumerState {
    return this.#state;
  }

  /** What interrupted the consumption last; undefined while nothing has. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Makes the consumer, or brings it up to date. Nothing is read yet.
   *
   * @throws {@link ConsumerSettingsError} when the server refuses.
   */
  async open(): Promise<void> {
    await this.#ensure(new Deadline(SET_UP_TIMEOUT_MS));
  }

  /** Begins to read. */
  start(): void {
    const ackWaitNs = this.#config.ack_wait ?? DEFAULT_ACK_WAIT_NS;
    if (this.#config.ack_policy !== 'none')
      this.#renewal = setInterval(() => this.#renewClaims(), ackWaitNs / NS_PER_MS / RENEWALS);
    this.#running = this.#run().then(() => this.#handBackWaiting());
    this.#renewal?.unref();
  }

  /**
   * Takes nothing more, hands back what waits, and lets what is being handled finish; what is not done by
   * then is handed back as well. Safe to call twice.
   */
  async stop(graceMs: number): Promise<void> {
    this.#intake.abort();
    await this.#running;
    await this.#untilIdle(graceMs);
    for (const message of this.#handling) message.nak();
    clearInterval(this.#renewal);
    this.#state = 'stopped';
    if (this.#isEphemeral) this.#connection.api.dropConsumer(this.#ref);
  }

  get #ref(): ConsumerRef {
    const { stream, config } = this.#options;
    return { stream, consumer: config.name };
  }

  get #isEphemeral(): boolean {
    return this.#config.durable_name === undefined && !this.#options.bind;
  }

  async #ensure(deadline: Deadline): Promise<void> {
    const { stream, config, bind } = this.#options;
    if (!bind) {
      this.#config = {
        ...(await ensureConsumer(this.#connection, { stream, config: this.#resumed(config) }, deadline)),
        name: config.name,
      };
      return;
    }
    const found = await findConsumer(this.#connection, this.#ref, deadline);
    if (found === undefined) {
      const reason = 'it does not exist, and bind says that it is managed elsewhere';
      throw new ConsumerSettingsError({ stream, consumer: config.name, reason });
    }
    this.#config = { ...found.config, name: config.name };
  }

  /**
   * A re-created ephemeral consumer continues after the last message of the lost one; a durable one begins
   * where its options say.
   */
  #resumed(config: NamedConsumerConfig): NamedConsumerConfig {
    if (!this.#isEphemeral || this.#lastSequence === 0) return config;
    const open = [...this.#handling].filter(({ isSettled }) => !isSettled).map(({ seq }) => seq);
    const { opt_start_time: _time, ...others } = config;
    const next = Math.min(this.#lastSequence + 1, ...open);
    return { ...others, deliver_policy: 'by_start_sequence', opt_start_seq: next } as NamedConsumerConfig;
  }

  async #run(): Promise<void> {
    const { signal } = this.#intake;
    const backoff = new Backoff(50, 2_000);
    for (let isFirst = true; !signal.aborted && this.#left > 0; isFirst = false) {
      try {
        if (!isFirst) await this.#ensure(new Deadline(SET_UP_TIMEOUT_MS, signal));
        this.#state = 'running';
        const begun = performance.now();
        const lost = await this.#read();
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

  #handBackWaiting(): void {
    for (const message of this.#backlog.clear()) message.nak();
  }

  #note(reason: string): void {
    this.#state = 'recovering';
    this.#problem = reason;
    this.#options.onProblem(reason);
  }

  /** Until the consumer is lost; undefined when no more is to be read. */
  async #read(): Promise<ConsumerLost | undefined> {
    const { signal } = this.#intake;
    let lost: ConsumerLost | undefined;
    const ended = new Wakeup();
    const lose = (reason: ConsumerLost): void => {
      lost ??= reason;
      ended.wake();
    };
    const source = this.#openSource(lose);
    const look = this.#lookWhetherPushed(lose);
    try {
      this.#source = source;
      this.#refill();
      while (lost === undefined && !signal.aborted) await ended.wait({ signal });
      // without a server nothing is on its way
      if (lost === undefined)
        await abortable(source.drain(), [AbortSignal.timeout(DRAIN_MS)]).catch(() => undefined);
      else if (this.#isEphemeral) this.#backlog.clear();
      return lost;
    } finally {
      this.#source = undefined;
      clearInterval(look);
      source.close();
    }
  }

  #openSource(onLost: (lost: ConsumerLost) => void): MessageSource {
    const { deliver_subject: subject, deliver_group: group, idle_heartbeat: heartbeat } = this.#config;
    const onMessage = (msg: Msg): void => this.#receive(msg);
    if (subject !== undefined && subject !== '') {
      const isShared = group !== undefined && group !== '';
      // of a group one hears the heartbeats, and the silence of the others means nothing
      const heartbeatMs = heartbeat && !isShared ? heartbeat / NS_PER_MS : undefined;
      const options = { subject, group: isShared ? group : undefined, heartbeatMs };
      return new PushMessages(this.#connection, options, { onMessage, onLost });
    }
    const pulls = {
      consumer: this.#ref,
      expiresMs: PULL_EXPIRES_MS,
      heartbeatMs: this.#options.heartbeatMs,
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
    if (this.#config.deliver_subject === undefined) return undefined;
    const look = async (): Promise<void> => {
      const deadline = new Deadline(LOOK_MS, this.#intake.signal);
      const found = await findConsumer(this.#connection, this.#ref, deadline);
      if (found === undefined) onLost(new ConsumerLost('the consumer is gone'));
    };
    // the connection notices by itself when its server does not answer
    return setInterval(() => void look().catch(() => undefined), LOOK_MS);
  }

  /** Asks for more when less than half of what may be held is there or on its way. */
  #refill(): void {
    const source = this.#source;
    if (source === undefined || this.#intake.signal.aborted || this.#backlog.heldBack >= MOST_HELD_BACK)
      return;
    const held = this.#backlog.ready + this.#handling.size + source.awaited;
    const limit = Math.min(this.#prefetch.limit, this.#left);
    if (held <= limit / 2) source.pull(limit - held);
  }

  #receive(msg: Msg): void {
    const message = new DeliveredMessage(this.#connection, msg);
    this.#lastSequence = Math.max(this.#lastSequence, message.seq);
    this.#backlog.add(message);
    this.#handleNext();
  }

  #handleNext(): void {
    const { concurrency } = this.#options;
    while (this.#handling.size < concurrency && !this.#intake.signal.aborted && this.#left > 0) {
      const message = this.#backlog.take();
      if (message === undefined) break;
      void this.#handle(message);
    }
    this.#refill();
  }

  async #handle(message: DeliveredMessage): Promise<void> {
    this.#handling.add(message);
    this.#left -= 1;
    const begun = performance.now();
    await this.#options.handle(message, this.#intake.signal);
    this.#prefetch.observe(performance.now() - begun);
    this.#handling.delete(message);
    this.#backlog.done(message);
    if (this.#handling.size === 0) this.#idle.wake();
    if (this.#left > 0) return this.#handleNext();
    if (this.#handling.size === 0) this.#state = 'finished';
    this.#intake.abort();
  }

  #renewClaims(): void {
    for (const message of [...this.#handling, ...this.#backlog]) message.working();
  }

  async #untilIdle(timeoutMs: number): Promise<void> {
    if (this.#handling.size > 0) await this.#idle.wait({ timeoutMs });
  }
}
