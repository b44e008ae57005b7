import { LOOP_TURNS } from '../../kernel/loop-turns.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { Backlog } from './backlog.js';
import type { DeliveredMessage } from './delivered-message.js';
import { Prefetch } from './prefetch.js';

/** Of so many messages that wait for another of their key the contents are kept in memory. */
const MOST_LOADED = 1_000;
/** Messages that are asked for in advance where all that came last wait for others of their keys. */
const MOST_PAST_A_KEY = 256;

/** How messages are handled. */
export interface MessageHandlingOptions {
  /** Messages that are handled at a time. */
  readonly concurrency: number;
  /** Messages that are held in advance at least, however slowly they are handled. @default 0 */
  readonly leastAhead?: number | undefined;
  /** Messages of one key are handled one after the other, in the order they came in. */
  readonly keyOf?: ((message: DeliveredMessage) => string) | undefined;
  /** Messages after which no more are handled. */
  readonly maxMessages: number;
  /** Must not reject. A number is the time, in milliseconds, after which the message is to be handled again. */
  readonly handle: (message: DeliveredMessage) => Promise<number | undefined>;
  /** Whether a message is still for this process; otherwise it is forgotten. */
  readonly isOurs: (message: DeliveredMessage) => boolean;
  /**
   * Whether any may be handled at this moment. What may not waits until {@link MessageHandling.goOn}.
   * @default always
   */
  readonly mayBegin?: (() => boolean) | undefined;
  /** Called when a message was handled, and its result is final here. */
  readonly onDone: (message: DeliveredMessage) => void;
  /** Called after a message was handled: there is room for another. */
  readonly onRoom: () => void;
}

/** A message that is being handled. */
export interface LongestCall {
  readonly subject: string;
  /** Its sequence in the JetStream stream. */
  readonly sequence: number;
  /** When its handling began. */
  readonly since: Date;
}

/**
 * The messages that are being handled, a bounded number at a time, and those that wait for that. A message that
 * is to be handled again later keeps its key, and not its place.
 */
export class MessageHandling {
  readonly #options: MessageHandlingOptions;
  readonly #prefetch: Prefetch;
  readonly #backlog: Backlog<DeliveredMessage>;
  /** Those that are being handled, oldest first, with the times at which that began. */
  readonly #handling = new Map<DeliveredMessage, number>();
  /** Those that are handled again when their timers end. */
  readonly #resting = new Map<DeliveredMessage, NodeJS.Timeout>();
  /** Those that were handled, and will be again. */
  readonly #tried = new Set<DeliveredMessage>();
  readonly #moved = new Wakeup();
  readonly #goOn = (): void => this.#next();
  #left: number;
  #isClosed = false;
  /** Messages that were held back since one was last handled. */
  #heldBackInRow = 0;
  /** When the last handling began or ended. */
  #movedAt = performance.now();

  constructor(options: MessageHandlingOptions) {
    this.#options = options;
    this.#left = options.maxMessages;
    this.#prefetch = new Prefetch(options.concurrency, options.leastAhead);
    this.#backlog = new Backlog({
      keyOf: options.keyOf,
      onHeldBack: (message) => this.#noteHeldBack(message),
    });
  }

  get isFull(): boolean {
    return this.#handling.size >= this.#options.concurrency;
  }

  /** Messages that wait for a place only. */
  get ready(): number {
    return this.#backlog.ready;
  }

  /** Messages that are held until they are tried again, or until another of their key is done. */
  get waiting(): number {
    return this.#backlog.heldBack + this.#resting.size;
  }

  /** Whether nothing is being handled or waits for that. */
  get isIdle(): boolean {
    return this.#handling.size === 0 && this.#resting.size === 0 && this.#backlog.ready === 0;
  }

  /** Whether as many messages were handled as may be. */
  get isComplete(): boolean {
    return this.#left <= 0 && this.#tried.size === 0;
  }

  /** How long nothing has begun or ended, in milliseconds. */
  get quietMs(): number {
    return performance.now() - this.#movedAt;
  }

  /** The message that has been handled for the longest time; undefined when none is. */
  get longest(): LongestCall | undefined {
    const [oldest] = this.#handling;
    if (oldest === undefined) return undefined;
    const [{ subject, seq: sequence }, begun] = oldest;
    return { subject, sequence, since: new Date(Date.now() - (performance.now() - begun)) };
  }

  /** Those that are being handled. */
  get open(): Iterable<DeliveredMessage> {
    return this.#handling.keys();
  }

  add(message: DeliveredMessage): void {
    this.#backlog.add(message);
    this.#next();
  }

  /** Messages may be handled that might not before. */
  goOn(): void {
    this.#next();
  }

  /** How many to ask for when so many are on their way: none while half of what may be held is there. */
  wanted(awaited: number): number {
    const held = this.#backlog.ready + this.#handling.size + awaited;
    const pastKeys = Math.min(this.#heldBackInRow, MOST_PAST_A_KEY);
    const limit = Math.min(this.#prefetch.limit + pastKeys, this.#left);
    return held <= limit / 2 ? limit - held : 0;
  }

  /** Gives back what waits for a place only. */
  takeBack(): DeliveredMessage[] {
    return this.#backlog.takeBack();
  }

  /** Begins no more, and gives back all that waits. */
  close(): DeliveredMessage[] {
    this.#isClosed = true;
    for (const timer of this.#resting.values()) clearTimeout(timer);
    const waiting = [...this.#resting.keys(), ...this.#backlog.clear()];
    this.#resting.clear();
    return waiting;
  }

  /** Resolves when a message has been handled, or the signal aborts. */
  async untilMoved(signal: AbortSignal): Promise<void> {
    await this.#moved.wait({ signal });
  }

  /** Resolves when nothing is being handled, or the time is up. */
  async untilDone(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    for (let leftMs = timeoutMs; this.#handling.size > 0 && leftMs > 0; leftMs = end - performance.now())
      await this.#moved.wait({ timeoutMs: leftMs });
  }

  #noteHeldBack(message: DeliveredMessage): void {
    this.#heldBackInRow += 1;
    if (this.#backlog.heldBack > MOST_LOADED) message.unload();
  }

  /** Whether a message that is ready is handled now. */
  get #hasPlace(): boolean {
    if (this.isFull || this.#isClosed || this.#backlog.ready === 0) return false;
    if (this.#options.mayBegin?.() === false) return false;
    if (!LOOP_TURNS.isOver) return true;
    LOOP_TURNS.inNext(this.#goOn);
    return false;
  }

  #next(): void {
    while (this.#hasPlace) {
      const message = this.#left > 0 ? this.#backlog.take() : this.#backlog.takeAgain();
      if (message === undefined) break;
      if (this.#options.isOurs(message)) void this.#handle(message);
      else this.#forget(message);
    }
    this.#options.onRoom();
  }

  async #handle(message: DeliveredMessage): Promise<void> {
    const begun = performance.now();
    this.#handling.set(message, begun);
    this.#heldBackInRow = 0;
    this.#movedAt = begun;
    if (!this.#tried.has(message)) this.#left -= 1;
    const restMs = await this.#options.handle(message);
    this.#movedAt = performance.now();
    this.#prefetch.observe(this.#movedAt - begun);
    this.#handling.delete(message);
    if (restMs === undefined) {
      this.#options.onDone(message);
      this.#forget(message);
    } else {
      this.#rest(message, restMs);
    }
    this.#moved.wake();
    this.#next();
  }

  #forget(message: DeliveredMessage): void {
    this.#tried.delete(message);
    this.#backlog.done(message);
  }

  #rest(message: DeliveredMessage, ms: number): void {
    if (this.#isClosed) return message.nak();
    const timer = setTimeout(() => {
      this.#resting.delete(message);
      this.#backlog.again(message);
      this.#next();
    }, ms);
    timer.unref();
    this.#tried.add(message);
    this.#resting.set(message, timer);
  }
}
