import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { MessageConsumer } from '../../jetstream/consume/message-consumer.js';
import type { MessageConsumerOptions } from '../../jetstream/consume/message-consumer-options.js';
import type { RedriveWatch } from './redrive-watch.js';

/** A consumer to which nothing was redriven for so many looks is read no more. */
const QUIET_LOOKS = 30;
/** How long the handler may take with what has come at that moment, in milliseconds. */
const CLOSE_MS = 10_000;

/** What the delivery of redriven messages needs. */
export interface RedrivenMessagesOptions {
  readonly watch: RedriveWatch;
  readonly consumer: MessageConsumerOptions;
}

/** Reads what is redriven to one handler, with a consumer that is opened when there is something. */
export class RedrivenMessages {
  readonly #connection: JetStreamConnection;
  readonly #options: RedrivenMessagesOptions;
  #consumer: MessageConsumer | undefined;
  #opening: Promise<void> | undefined;
  #quietLooks = 0;

  constructor(connection: JetStreamConnection, options: RedrivenMessagesOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Begins to look for redriven messages. */
  start(): void {
    this.#options.watch.listen(this.#name, (isRedriven) => this.#note(isRedriven));
  }

  /** Looks no more, waits for the handler, and hands back what is not done within `graceMs` milliseconds. */
  async stop(graceMs: number): Promise<void> {
    this.#options.watch.leave(this.#name);
    await this.#opening;
    await this.#consumer?.stop(graceMs);
  }

  get #name(): string {
    return this.#options.consumer.config.name;
  }

  #note(isRedriven: boolean): void {
    this.#quietLooks = isRedriven ? 0 : this.#quietLooks + 1;
    if (isRedriven) this.#opening ??= this.#open();
    else if (this.#quietLooks >= QUIET_LOOKS && this.#consumer?.isIdle === true) this.#close();
  }

  async #open(): Promise<void> {
    const { consumer: options } = this.#options;
    const consumer = new MessageConsumer(this.#connection, options);
    try {
      await consumer.open();
      consumer.start();
      this.#consumer = consumer;
    } catch (error) {
      this.#opening = undefined;
      options.onNotice(
        `what is redriven cannot be read, and is looked for again: ${(error as Error).message}`,
      );
    }
  }

  #close(): void {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    this.#opening = consumer?.stop(CLOSE_MS).then(() => {
      this.#opening = undefined;
    });
  }
}
