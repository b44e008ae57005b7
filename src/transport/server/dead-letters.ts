import type { DeadLetter, DeadLetterQuery } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { deadLetterStreamName } from '../../jetstream/dead-letters/dead-letter-stream-name.js';
import { assetName } from '../../jetstream/names/asset-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkOptionNames } from '../check-option-names.js';
import { checkReach, type JetStreamOptions, type NatsConnectionOptions } from '../connection-options.js';
import { TransportConnection } from '../transport-connection.js';

/** Where the dead letters of a service are. */
export interface DeadLettersOptions {
  /**
   * How to reach NATS. Given the same object as a server or client, it shares their connection.
   * @default a server on this machine, port 4222
   */
  readonly connectionOptions?: NatsConnectionOptions | undefined;
  /** Where the JetStream API is. @default `$JS.API` */
  readonly jetStreamOptions?: JetStreamOptions | undefined;
  /**
   * The JetStream stream that keeps them.
   * @default `<name>-dead-letters`, with the `name` of `connectionOptions`
   */
  readonly stream?: string | undefined;
}

const OPTIONS: Record<keyof DeadLettersOptions, true> = {
  connectionOptions: true,
  jetStreamOptions: true,
  stream: true,
};
const QUERY_OPTIONS: Record<keyof DeadLetterQuery, true> = { consumer: true, from: true };

/**
 * The dead letters of a service: events whose attempts were used up, with the original's headers and body,
 * and the error of the last attempt.
 *
 * A dead letter of an event store's event is a reference without the body. The body is read from the store
 * when the letter is redriven, so data that is erased there does not survive here.
 *
 * @example
 * await using deadLetters = await DeadLetters.open({ connectionOptions: { name: 'shop' } });
 * for await (const { number, subject, error } of deadLetters.list()) {
 *   if (error.name === 'TimeoutError') await deadLetters.redrive(number);
 *   else console.log(subject, error.message);
 * }
 */
export class DeadLetters implements AsyncDisposable {
  readonly #connection: TransportConnection;
  readonly #letters: DeadLetterStream;

  private constructor(connection: TransportConnection, stream: string) {
    this.#connection = connection;
    this.#letters = new DeadLetterStream(connection.jetstream, stream);
  }

  /**
   * Connects. Whether the JetStream stream exists is not checked before the first call.
   *
   * @throws {@link NatsError} when no server can be reached, or refuses.
   * @throws {@link InvalidOptionError} when neither a stream nor the service's name is given.
   */
  static async open(options: DeadLettersOptions): Promise<DeadLetters> {
    checkOptionNames(options, OPTIONS);
    checkReach(options);
    const { connectionOptions = {}, jetStreamOptions, stream } = options;
    const { name } = connectionOptions;
    const letters = stream ?? (name === undefined ? undefined : deadLetterStreamName(name));
    if (letters === undefined) {
      const allowed =
        'the name of the JetStream stream; or give connectionOptions.name, the name of the service';
      throw new InvalidOptionError({ option: 'stream', given: stream, allowed });
    }
    assetName('stream', letters);
    const connection = await TransportConnection.acquire(connectionOptions, jetStreamOptions);
    return new DeadLetters(connection, letters);
  }

  /** Name of the JetStream stream that keeps them. */
  get stream(): string {
    return this.#letters.name;
  }

  /**
   * The dead letters, oldest first.
   *
   * @throws {@link DeadLetterNotFoundError} when the JetStream stream does not exist.
   * @throws {@link InvalidOptionError} naming an option of the query that does not exist.
   */
  list(query: DeadLetterQuery = {}): AsyncGenerator<DeadLetter, void, void> {
    checkOptionNames(query, QUERY_OPTIONS);
    return this.#letters.list(query);
  }

  /**
   * The dead letter of that number.
   *
   * @throws {@link DeadLetterNotFoundError} when there is none.
   */
  async get(number: number): Promise<DeadLetter> {
    return this.#letters.get(number);
  }

  /**
   * Delivers the original of a dead letter to its handler again, and to no other, with its subject and
   * headers and all of its attempts. At least once, as all events.
   *
   * @throws {@link DeadLetterNotFoundError} when there is none of that number.
   */
  async redrive(number: number): Promise<DeadLetter> {
    return this.#letters.redrive(number);
  }

  /**
   * Removes a dead letter for good. Its bytes are overwritten on the server's disk.
   *
   * @throws {@link DeadLetterNotFoundError} when there is none of that number.
   */
  async remove(number: number): Promise<DeadLetter> {
    const letter = await this.#letters.get(number);
    await this.#letters.remove(number);
    return letter;
  }

  /** Disconnects. Safe to call twice. */
  async close(): Promise<void> {
    return this.#connection.release();
  }

  /** Disconnects at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
