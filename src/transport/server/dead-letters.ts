import type { DeadLetter, DeadLetterQuery } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { deadLetterStreamName } from '../../jetstream/dead-letters/dead-letter-stream-name.js';
import { assetName } from '../../jetstream/names/asset-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import type { JetStreamOptions, NatsConnectionOptions } from '../connection-options.js';
import { TransportConnection } from '../transport-connection.js';

/** Where dead letters are. */
export interface DeadLettersOptions {
  /** How to reach NATS. Given the same object as a server or client, it shares their connection. */
  readonly connectionOptions?: NatsConnectionOptions | undefined;
  /** Where the JetStream API is. @default `$JS.API` */
  readonly jetStreamOptions?: JetStreamOptions | undefined;
  /** The stream that keeps them. @default `<name>-dead-letters`, where name is that of `connectionOptions` */
  readonly stream?: string | undefined;
}

/**
 * The dead letters of a service: what its handlers gave up on, with the original's headers and body, and the error that ended the attempts.
 *
 * A letter of an event store's event is a reference without the body, which is read again from the store when it is redriven: who is erased there
 * does not live on here.
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
   * Connects. Whether the stream is there shows with the first call.
   *
   * @throws {@link NatsError} when no server can be reached, or refuses.
   * @throws {@link InvalidOptionError} when neither a stream nor the service's name is given.
   */
  static async open(options: DeadLettersOptions): Promise<DeadLetters> {
    checkKnownOptions(options, ['connectionOptions', 'jetStreamOptions', 'stream']);
    const { connectionOptions = {}, jetStreamOptions, stream } = options;
    const { name } = connectionOptions;
    const letters = stream ?? (name === undefined ? undefined : deadLetterStreamName(name));
    if (letters === undefined) {
      const allowed = 'the name of the stream; or give connectionOptions.name, the service that has it';
      throw new InvalidOptionError({ option: 'stream', given: stream, allowed });
    }
    assetName('stream', letters);
    const connection = await TransportConnection.acquire(connectionOptions, jetStreamOptions);
    return new DeadLetters(connection, letters);
  }

  /** Name of the stream that keeps them. */
  get stream(): string {
    return this.#letters.name;
  }

  /**
   * The letters, oldest first.
   *
   * @throws {@link DeadLetterNotFoundError} when the stream does not exist.
   */
  list(query: DeadLetterQuery = {}): AsyncGenerator<DeadLetter, void, void> {
    return this.#letters.list(query);
  }

  /** @throws {@link DeadLetterNotFoundError} when there is none of that number. */
  async get(number: number): Promise<DeadLetter> {
    return this.#letters.get(number);
  }

  /**
   * Gives a letter back to the handler that gave up on it, and to no other: it has all of its attempts again, and finds subject and headers as they were.
   * At least once, as all events.
   *
   * @throws {@link DeadLetterNotFoundError} when there is none of that number.
   */
  async redrive(number: number): Promise<DeadLetter> {
    return this.#letters.redrive(number);
  }

  /**
   * Removes a letter for good; its bytes are overwritten on the server's disk.
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

  async [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
