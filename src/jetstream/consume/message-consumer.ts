import type { Msg } from '@nats-io/transport-node';
import { abortable } from '../../kernel/abortable.js';
import { Backoff } from '../../kernel/backoff.js';
import { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { ConnectionClosedError } from '../connection/connection-errors.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { ConsumerLost } from './consumer-lost.js';
import { needsAcknowledgements } from './needs-acknowledgements.js';
import type { DeliveredMessage } from './delivered-message.js';
import { DeliveryOrder } from './delivery-order.js';
import { HeldMessages } from './held-messages.js';
import { loadContent } from './load-content.js';
import { type LongestCall, MessageHandling } from './message-handling.js';
import type { ConsumerState, MessageConsumerOptions } from './message-consumer-options.js';
import type { MessageSource } from './message-source.js';
import { openMessageSource } from './open-message-source.js';
import { reclaimPending } from './pending-reclaim.js';
import { RecoverableConsumer } from './recoverable-consumer.js';
import { pullWhileCertain } from './sole-reader.js';

const SET_UP_TIMEOUT_MS = 10_000;
/** A consumer of which something is not known to be settled is looked at this often. */
const LOOK_MS = 2_000;
/** A stop waits this long for what is on its way. */
const DRAIN_MS = 1_000;
/** The content of a message that cannot be read is asked for again after this long. */
const READ_AGAIN_MS = 1_000;
const READ_TIMEOUT_MS = 10_000;
/** A consumer that was read for this long is lost for a new reason. */
const STEADY_MS = 5_000;
/** Claims, and whether the consumer is stuck, are looked at this often, or three times within `ack_wait`. */
const TICK_MS = 250;
/** What waits for its turn this long is handed back, so that another instance can handle it. */
const STUCK_MS = 400;
/** What a sole reader holds in advance is kept from nobody, and pulls of a few messages cost the server much. */
const SOLE_AHEAD = 128;

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
  readonly #handling: MessageHandling;
  readonly #intake = new AbortController();
  #source: MessageSource | undefined;
  #state: ConsumerState = 'starting';
  #problem: string | undefined;
  #running: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** Ends the reading when what waits is to be handed back. */
  #onStuck: () => void = () => undefined;
  /** Whether something may have come that is not known to be settled. */
  #isUnsure = true;
  #lookedAt = performance.now();
  #hasReceived = false;
  #isExhausted = false;
  readonly #order = new DeliveryOrder();
  /** What has come while messages before it may be missing; undefined while none is. */
  #unordered: DeliveredMessage[] | undefined;
  /** Ends the reading when messages are missing. */
  #onGap: () => void = () => undefined;

  constructor(connection: JetStreamConnection, options: MessageConsumerOptions) {
    this.#connection = connection;
    this.#options = options;
    const { stream, config, bind, restoreStream, sole } = options;
    const onChange = (text: string): void => this.#noteChange(text);
    const isSole = sole !== undefined;
    this.#consumer = new RecoverableConsumer(connection, {
      ...{ stream, config, bind, isSole, restoreStream, onChange },
    });
    this.#held = new HeldMessages(connection, this.#consumer.position);
    const { concurrency, keyOf, maxMessages } = options;
    this.#handling = new MessageHandling({
      concurrency,
      keyOf,
      maxMessages,
      handle: async (message) => this.#handle(message),
      isOurs: (message) => this.#isOurs(message),
      leastAhead: sole && SOLE_AHEAD,
      mayBegin: sole && (() => sole.certainMs() > 0),
      onDone: (message) => this.#held.release(message),
      onRoom: () => this.#noteRoom(),
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
    return this.#handling.waiting;
  }

  /** The message that has been handled for the longest time; undefined when none is. */
  get longest(): LongestCall | undefined {
    return this.#handling.longest;
  }

  /** Whether nothing is being handled or waits for that. */
  get isIdle(): boolean {
    return this.#handling.isIdle;
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
    this.#running = this.#run().then(async () => this.#handBackAll());
  }

  /**
   * Takes nothing more, hands back what waits, and lets what is being handled finish; what is not done by
   * then is handed back as well. Safe to call twice.
   */
  async stop(graceMs: number): Promise<void> {
    this.#intake.abort();
    await this.#running;
    await this.#handling.untilDone(graceMs);
    await this.#handBackOpen();
    clearInterval(this.#timer);
    this.#state = 'stopped';
    if (this.#consumer.isEphemeral) this.#connection.api.dropConsumer(this.#consumer.ref);
  }

  async #handBackOpen(): Promise<void> {
    const { onHandBack } = this.#options;
    const open = [...this.#handling.open];
    if (onHandBack !== undefined) await Promise.all(open.map(onHandBack));
    for (const message of open) message.nak();
  }

  async #run(): Promise<void> {
    const { signal } = this.#intake;
    const backoff = new Backoff(50, 2_000);
    for (let isFirst = true; !signal.aborted && !this.#handling.isComplete; isFirst = false) {
      try {
        if (!isFirst) await this.#reopen();
        if (this.#options.sole !== undefined) await this.#reclaim();
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
      if (end === 'gap') {
        await this.#dropPulls();
        await this.#reclaim();
        continue;
      }
      if (end !== 'stuck') return end;
      await this.#dropPulls();
      const { signal } = this.#intake;
      if (this.#handling.isFull) await this.#held.handBack(this.#handling.takeBack());
      while (this.#handling.isFull && !signal.aborted) await this.#handling.untilMoved(signal);
    }
  }

  /**
   * Gets what is pending and not here before anything newer comes, and passes on what has come in the order of
   * the sequences. A former reader had it, or it was lost on its way.
   */
  async #reclaim(): Promise<void> {
    this.#unordered ??= [];
    const { signal } = this.#intake;
    await reclaimPending({
      connection: this.#connection,
      consumer: this.#consumer,
      held: this.#held,
      heartbeatMs: this.#options.heartbeatMs,
      onBegin: (last) => this.#order.begin(last),
      onMessage: (msg) => this.#receive(msg),
      pull: (source, messages) => pullWhileCertain(source, messages, this.#options.sole),
      signal,
    });
    if (signal.aborted) return;
    const ordered = this.#unordered.toSorted((one, other) => one.seq - other.seq);
    this.#unordered = undefined;
    for (const message of ordered) this.#handling.add(message);
  }

  async #read(): Promise<ConsumerLost | 'stuck' | 'gap' | undefined> {
    const { signal } = this.#intake;
    let end: ConsumerLost | 'stuck' | 'gap' | undefined;
    const ended = new Wakeup();
    const endWith = (reason: ConsumerLost | 'stuck' | 'gap'): void => {
      end ??= reason;
      ended.wake();
    };
    const source = this.#openSource(endWith);
    const look = this.#lookWhetherPushed(endWith);
    this.#onStuck = () => endWith('stuck');
    this.#onGap = () => endWith('gap');
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
      this.#onGap = () => undefined;
      clearInterval(look);
      source.close();
    }
  }

  #openSource(onLost: (lost: ConsumerLost) => void): MessageSource {
    const { heartbeatMs, idleHeartbeatMs } = this.#options;
    return openMessageSource(
      this.#connection,
      { consumer: this.#consumer, heartbeatMs, idleHeartbeatMs },
      { onMessage: (msg) => this.#receive(msg), onPullEnd: () => this.#refill(), onLost },
    );
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

  /** Asks for more when less than half of what may be held is there or on its way. */
  #refill(): void {
    const source = this.#source;
    if (source === undefined || this.#intake.signal.aborted) return;
    const wanted = this.#handling.wanted(source.awaited);
    if (wanted > 0) pullWhileCertain(source, wanted, this.#options.sole);
  }

  #noteRoom(): void {
    if (!this.#handling.isComplete) return this.#refill();
    this.#state = 'finished';
    this.#intake.abort();
  }

  #receive(msg: Msg): void {
    this.#isUnsure = true;
    this.#hasReceived = true;
    if (this.#options.sole !== undefined && this.#order.isGapBefore(msg.reply ?? '')) {
      this.#unordered ??= [];
      this.#onGap();
    }
    const message = this.#held.receive(msg);
    if (message === undefined) return this.#refill();
    if (this.#unordered === undefined) this.#handling.add(message);
    else this.#unordered.push(message);
  }

  /** A process that was busy has not renewed its claims: the server gives such a message to another. */
  #isOurs(message: DeliveredMessage): boolean {
    const { config, ackWaitMs } = this.#consumer;
    // to a sole reader it comes again, and is held already
    if (this.#options.sole !== undefined) return true;
    const isOurs = config.ack_policy === 'none' || message.claimAgeMs < ackWaitMs;
    if (!isOurs) this.#held.abandon(message);
    return isOurs;
  }

  async #handle(message: DeliveredMessage): Promise<number | undefined> {
    if (!message.isLoaded) {
      try {
        const deadline = new Deadline(READ_TIMEOUT_MS, this.#intake.signal);
        if (!(await loadContent(this.#connection, message, deadline))) return undefined;
      } catch (error) {
        if (!this.#intake.signal.aborted) this.#options.onNotice((error as Error).message);
        return READ_AGAIN_MS;
      }
    }
    return this.#options.handle(message);
  }

  async #handBackAll(): Promise<void> {
    const waiting = [...this.#handling.close(), ...(this.#unordered ?? [])];
    this.#unordered = undefined;
    if (waiting.length > 0) await this.#dropPulls();
    for (const message of waiting) message.nak();
  }

  /**
   * Lets the server drop the pulls that nobody listens to any more. It would put the first message that is
   * handed back after the others when it found one of them.
   */
  async #dropPulls(): Promise<void> {
    await this.#consumer.look(new Deadline(DRAIN_MS)).catch(() => undefined);
  }

  #tickAtAckWait(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), Math.min(TICK_MS, this.#consumer.ackWaitMs / 3));
    this.#timer.unref();
  }

  #tick(): void {
    if (this.#consumer.config.ack_policy !== 'none') this.#held.renew(this.#consumer.ackWaitMs);
    if (this.#isStuck) this.#onStuck();
    // what was not begun or asked for while it was not certain to be the only reader
    if (this.#options.sole !== undefined) this.#handling.goOn();
    if (this.#isUnsure && this.#unordered === undefined && performance.now() - this.#lookedAt >= LOOK_MS)
      void this.#look();
  }

  /**
   * Whether messages wait, or come only to wait, though another instance may be idle. A push consumer has
   * them pushed whatever is handed back, and those of a broadcast are for this process only.
   */
  get #isStuck(): boolean {
    const { config, isEphemeral } = this.#consumer;
    if (this.#options.sole !== undefined) return false;
    if (this.#isPushed || isEphemeral || config.ack_policy !== 'explicit') return false;
    const isWaiting = this.#handling.ready > 0 || (this.#source?.awaited ?? 0) > 0;
    return this.#handling.isFull && isWaiting && this.#handling.quietMs >= STUCK_MS;
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
    const isExhausted = !this.#handling.isFull && !hasReceived && needsAcknowledgements(found);
    if (isExhausted && !this.#isExhausted) {
      const most = found.config.max_ack_pending;
      this.#problem = `${most} messages are not settled, which is max_ack_pending: no more come until one is`;
      this.#options.onNotice(this.#problem);
    }
    this.#isExhausted = isExhausted;
  }
}
