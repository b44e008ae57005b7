import type { Subscription } from '@nats-io/transport-node';
import { ConsumerLost } from './consumer-lost.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { MessageListener, MessageSource } from './message-source.js';

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
  readonly #stopListening: () => void;
  readonly #watchdog: NodeJS.Timeout | undefined;
  #silences = 0;
  #isLost = false;

  constructor(connection: JetStreamConnection, options: PushOptions, listener: MessageListener) {
    this.#connection = connection;
    this.#listener = listener;
    this.#subscription = connection.nc.subscribe(options.subject, {
      ...(options.group !== undefined && { queue: options.group }),
      callback: (error, msg) => {
        this.#silences = 0;
        if (error !== null) return this.#lose(error.message);
        if (msg.headers?.code === 100) return void (msg.reply && msg.respond());
        if (msg.headers?.code === 409) return this.#lose(msg.headers.description);
        if (msg.reply !== undefined) this.#listener.onMessage(msg);
      },
    });
    this.#stopListening = connection.onClose(() => this.#lose('the connection was closed'));
    if (options.heartbeatMs !== undefined)
      this.#watchdog = setInterval(() => this.#watch(), options.heartbeatMs);
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
    this.#stopListening();
  }

  #watch(): void {
    this.#silences += 1;
    if (this.#silences > SILENCES) this.#lose('it fell silent');
  }

  #lose(reason: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#listener.onLost(new ConsumerLost(reason));
  }
}
