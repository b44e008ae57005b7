import { HeaderList } from '../header-list.js';
import { NatsRequestRecord, type RequestOptions } from './nats-request-record.js';

type Options = { -readonly [Key in keyof RequestOptions]: RequestOptions[Key] };

/**
 * Builds a request with options.
 *
 * @example
 * const record = new NatsRequestOptionsBuilder([1, 2, 3]).setTimeout(500).setNoMux(true).build();
 * client.send({ cmd: 'sum' }, record);
 */
export class NatsRequestOptionsBuilder<TData = unknown> {
  readonly #options: Options = {};
  readonly #headers = new HeaderList();
  #payload: TData | undefined;

  constructor(payload?: TData) {
    this.#payload = payload;
  }

  /** Sets the payload. */
  setPayload(payload: TData): this {
    this.#payload = payload;
    return this;
  }

  /** Adds a value to a header. */
  appendHeader(name: string, value: string): this {
    this.#headers.append(name, value);
    return this;
  }

  /** Sets {@link RequestOptions.timeout}, in milliseconds. */
  setTimeout(timeout: number): this {
    this.#options.timeout = timeout;
    return this;
  }

  /** Sets {@link RequestOptions.reply}, and asks for a subscription of its own. */
  setReplyToSubject(reply: string): this {
    this.#options.reply = reply;
    this.#options.noMux = true;
    return this;
  }

  /** Sets {@link RequestOptions.noMux}. */
  setNoMux(noMux: boolean): this {
    this.#options.noMux = noMux;
    return this;
  }

  /** The request. Later calls of the builder do not change it. */
  build(): NatsRequestRecord<TData> {
    const options = { ...this.#options, ...this.#headers.toOption() };
    return new NatsRequestRecord(this.#payload as TData, options);
  }
}
