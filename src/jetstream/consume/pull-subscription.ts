import type { Msg, Subscription } from '@nats-io/transport-node';
import { ConsumerLost } from './consumer-lost.js';
import type { ConsumerRef } from '../api/api-subjects.js';
import type { JetStreamApi } from '../api/jetstream-api.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { MessageListener, MessageSource } from './message-source.js';
import { refusalOfSubscription } from './subscription-refusal.js';

/** An idle pull that has been silent for this many heartbeats is lost. */
const SILENCES = 3;
const NS_PER_MS = 1_000_000;

/** How pulls are made. */
export interface PullOptions {
  /** A pull without messages ends after this long, in milliseconds. */
  readonly expiresMs: number;
  /** The server says this often that an idle pull is alive, in milliseconds. */
  readonly heartbeatMs: number;
  /** The same, for a pull after one that brought nothing, in milliseconds. @default `heartbeatMs` */
  readonly idleHeartbeatMs?: number | undefined;
  /** Bytes that one pull may bring. */
  readonly maxBytes: number;
  /** What the consumer is reached by. @default the connection's own API */
  readonly api?: JetStreamApi | undefined;
}

/** Listener of what the pulls deliver. */
export interface PullListener extends MessageListener {
  onHeartbeat?(): void;
  onPullEnd(pull: { readonly wasEmpty: boolean }): void;
}

interface Pull {
  /** Where the server says how the pull ended. */
  readonly inbox: string;
  readonly size: number;
  /** How often it is said that the pull is alive. */
  readonly heartbeatMs: number;
  left: number;
}

/**
 * Pulls from one consumer, on core messages. They notice when the consumer is lost (silence, a server that
 * says so, a reconnect) and then stop: what to do about it is the listener's.
 */
export class PullSubscription implements MessageSource {
  readonly #connection: JetStreamConnection;
  readonly #consumer: ConsumerRef;
  readonly #options: PullOptions;
  readonly #api: JetStreamApi;
  readonly #listener: PullListener;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #stopListening: readonly (() => void)[];
  readonly #watchdog: NodeJS.Timeout;
  /** Oldest first: the server serves them in turn. */
  #pulls: Pull[] = [];
  #nextPull = 0;
  #silences = 0;
  #isHeard = false;
  #isLost = false;
  #isJudging = false;
  /** Whether the last pull that ended brought nothing. */
  #isIdle = false;

  constructor(
    connection: JetStreamConnection,
    { consumer, ...options }: PullOptions & { readonly consumer: ConsumerRef },
    listener: PullListener,
  ) {
    this.#connection = connection;
    this.#consumer = consumer;
    this.#options = options;
    this.#api = options.api ?? connection.api;
    this.#listener = listener;
    this.#inbox = connection.newInbox();
    // a subscription of its own: delivered messages bear the subject they were stored under, which no token
    // finds
    this.#subscription = connection.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, msg) => {
        if (error === null) this.#receive(msg);
      },
    });
    this.#stopListening = [
      connection.onReconnect(() => this.#lose(new ConsumerLost('the connection was renewed'))),
      connection.onClose(() => this.#lose(new ConsumerLost('the connection was closed'))),
      connection.onServerError((error) => this.#noteError(error)),
    ];
    this.#watchdog = setInterval(() => this.#watch(), options.heartbeatMs);
    // who reads waits by itself; what nobody reads any more must not keep the process alive
    this.#watchdog.unref();
  }

  /** Pulls under way. */
  get count(): number {
    return this.#pulls.length;
  }

  /** Messages that were asked for and have not come yet. */
  get awaited(): number {
    return this.#pulls.reduce((sum, { left }) => sum + left, 0);
  }

  /** Asks for that many messages. @param atMostMs The pull ends after this long, in milliseconds. */
  pull(messages: number, atMostMs = Infinity): void {
    const { nc, maxPayload } = this.#connection;
    if (nc.isClosed()) return this.#lose(new ConsumerLost('the connection is closed'));
    const { heartbeatMs: busyMs, idleHeartbeatMs = busyMs } = this.#options;
    const expiresMs = Math.min(this.#options.expiresMs, atMostMs);
    const heartbeatMs = this.#isIdle ? idleHeartbeatMs : busyMs;
    const inbox = `${this.#inbox}.${this.#nextPull++}`;
    const pull: Pull = { inbox, size: messages, left: messages, heartbeatMs };
    this.#pulls.push(pull);
    const request = {
      batch: messages,
      max_bytes: Math.max(this.#options.maxBytes, maxPayload * 2),
      expires: Math.round(expiresMs * NS_PER_MS),
      // the server takes no more than half of the time
      idle_heartbeat: Math.floor(Math.min(heartbeatMs, expiresMs / 2) * NS_PER_MS),
    };
    this.#api.pull(this.#consumer, request, pull.inbox);
  }

  /** Stops listening; messages that arrive later are dropped. */
  close(): void {
    this.#stopWatching();
    const { nc } = this.#connection;
    if (!nc.isClosed() && !nc.isDraining()) this.#subscription.unsubscribe();
  }

  /** Stops listening, and passes the messages that were under way to the listener. */
  async drain(): Promise<void> {
    this.#stopWatching();
    const { nc } = this.#connection;
    if (!nc.isClosed() && !nc.isDraining()) await this.#subscription.drain();
  }

  #stopWatching(): void {
    this.#isLost = true;
    clearInterval(this.#watchdog);
    for (const stop of this.#stopListening) stop();
  }

  #receive(msg: Msg): void {
    this.#silences = 0;
    this.#isHeard = true;
    if (!msg.reply) return this.#receiveStatus(msg);
    const [oldest] = this.#pulls;
    if (oldest !== undefined) oldest.left -= 1;
    this.#listener.onMessage(msg);
    if (oldest?.left === 0) this.#end(oldest);
  }

  /** 100 is a heartbeat; 404, 408 and some 409 end a pull; all else ends the consumer. */
  #receiveStatus(msg: Msg): void {
    const code = msg.headers?.code ?? 0;
    const description = msg.headers?.description ?? '';
    if (code === 100) return this.#listener.onHeartbeat?.();
    if (
      code === 404 ||
      code === 408 ||
      (code === 409 && /^(batch completed|message size)/i.test(description))
    ) {
      return this.#endAt(msg.subject);
    }
    this.#lose(new ConsumerLost(`the server ended it: ${code} ${description}`));
  }

  /** A pull that was served in full has been taken off the list already. */
  #endAt(inbox: string): void {
    const pull = this.#pulls.find((candidate) => candidate.inbox === inbox);
    if (pull !== undefined) this.#end(pull);
  }

  #end(pull: Pull): void {
    this.#pulls = this.#pulls.filter((candidate) => candidate !== pull);
    this.#isIdle = pull.left === pull.size;
    if (!this.#isLost) this.#listener.onPullEnd({ wasEmpty: this.#isIdle });
  }

  #watch(): void {
    if (this.#pulls.length === 0) return;
    this.#silences += 1;
    if (this.#isSilent && !this.#isJudging) void this.#judgeSilence();
  }

  get #isSilent(): boolean {
    // the oldest is the one that the server serves, and speaks for
    const { heartbeatMs } = this.#pulls[0] ?? this.#options;
    return this.#silences * this.#options.heartbeatMs > SILENCES * heartbeatMs;
  }

  /** A process that is busy, or reads much else, has not heard yet what was sent before the server's answer. */
  async #judgeSilence(): Promise<void> {
    this.#isJudging = true;
    await this.#connection.nc.flush().catch(() => undefined);
    this.#isJudging = false;
    if (this.#isSilent) this.#lose(new ConsumerLost('it fell silent'));
  }

  #noteError(error: Error): void {
    const lost = refusalOfSubscription(error, {
      subject: `${this.#inbox}.*`,
      asksAt: this.#api.subjects.nextMessages(this.#consumer),
      isHeard: this.#isHeard,
    });
    if (lost !== undefined) this.#lose(lost);
  }

  #lose(lost: ConsumerLost): void {
    if (this.#isLost) return;
    this.#stopWatching();
    this.#listener.onLost(lost);
  }
}
