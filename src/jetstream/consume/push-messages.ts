import type { Subscription } from '@nats-io/transport-node';
import { ConsumerLost } from './consumer-lost.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { MessageListener, MessageSource } from './message-source.js';
import { refusalOfSubscription } from './subscription-refusal.js';

/** A consumer that sends heartbeats and has been silent for this many of them is lost. */
const SILENCES = 3;

/** Where the server pushes to. */
export interface PushOptions {
  readonly subject: string;
  /** Instances that share the messages. */
  readonly group: string | undefined;
  /**
   * The server says this often that an idle consumer is alive, in milliseconds; it says nothing when left
   * out.
   */
  readonly heartbeatMs: number | undefined;
}

/**
 * Messages that the server pushes. How many come before the first is settled is the consumer's
 * `max_ack_pending`.
 */
export class PushMessages implements MessageSource {
  readonly awaited = 0;
  readonly #connection: JetStreamConnection;
  readonly #listener: MessageListener;
  readonly #subscription: Subscription;
  readonly #stopListening: readonly (() => void)[];
  readonly #watchdog: NodeJS.Timeout | undefined;
  #silences = 0;
  #isHeard = false;
  #isLost = false;

  constructor(connection: JetStreamConnection, options: PushOptions, listener: MessageListener) {
    this.#connection = connection;
    this.#listener = listener;
    this.#subscription = connection.nc.subscribe(options.subject, {
      ...(options.group !== undefined && { queue: options.group }),
      callback: (error, msg) => {
        this.#silences = 0;
        // the connection tells more of it
        if (error !== null) return;
        this.#isHeard = true;
        if (msg.headers?.code === 100) return void (msg.reply && msg.respond());
        if (msg.headers?.code === 409) return this.#lose(new ConsumerLost(msg.headers.description));
        if (msg.reply !== undefined) this.#listener.onMessage(msg);
      },
    });
    this.#stopListening = [
      connection.onClose(() => this.#lose(new ConsumerLost('the connection was closed'))),
      connection.onServerError((error) => this.#noteError(error, options.subject)),
    ];
    if (options.heartbeatMs !== undefined) {
      this.#watchdog = setInterval(() => this.#watch(), options.heartbeatMs);
      this.#watchdog.unref();
    }
  }

  /** The server sends what there is. */
  pull(): void {}

  close(): void {
    this.#stopWatching();
    if (this.#isUsable) this.#subscription.unsubscribe();
  }

  async drain(): Promise<void> {
    this.#stopWatching();
    if (this.#isUsable) await this.#subscription.drain();
  }

  get #isUsable(): boolean {
    const { nc } = this.#connection;
    return !nc.isClosed() && !nc.isDraining() && !this.#subscription.isClosed();
  }

  #stopWatching(): void {
    this.#isLost = true;
    clearInterval(this.#watchdog);
    for (const stop of this.#stopListening) stop();
  }

  #watch(): void {
    this.#silences += 1;
    if (this.#silences > SILENCES) this.#lose(new ConsumerLost('it fell silent'));
  }

  #noteError(error: Error, subject: string): void {
    const lost = refusalOfSubscription(error, { subject, isHeard: this.#isHeard });
    if (lost !== undefined) this.#lose(lost);
  }

  #lose(lost: ConsumerLost): void {
    if (this.#isLost) return;
    this.#stopWatching();
    this.#listener.onLost(lost);
  }
}
