import type { PublishExpectations } from '../../jetstream/publish/publish-request.js';
import { HeaderList } from '../header-list.js';
import { NatsJetStreamRecord } from './nats-jetstream-record.js';
import type { JetStreamPublishOptions } from './publish-options.js';

type Options = { -readonly [Key in keyof JetStreamPublishOptions]: JetStreamPublishOptions[Key] };

/**
 * Builds an event with options of its own.
 *
 * @example
 * const record = new NatsJetStreamRecordBuilder(order).setMsgId(order.id).appendHeader('tenant', 'acme').build();
 * client.emit('order.created', record);
 */
export class NatsJetStreamRecordBuilder<TData = unknown> {
  readonly #options: Options = {};
  readonly #headers = new HeaderList();
  #payload: TData | undefined;

  constructor(payload?: TData) {
    this.#payload = payload;
  }

  setPayload(payload: TData): this {
    this.#payload = payload;
    return this;
  }

  /** See {@link JetStreamPublishOptions.msgID}. */
  setMsgId(messageId: string): this {
    this.#options.msgID = messageId;
    return this;
  }

  getMsgId(): string | undefined {
    return this.#options.msgID;
  }

  /** Adds a header, or another value to one. */
  appendHeader(name: string, value: string): this {
    this.#headers.append(name, value);
    return this;
  }

  /** See {@link JetStreamPublishOptions.expect}. */
  setExpectations(expect: PublishExpectations): this {
    this.#options.expect = expect;
    return this;
  }

  /** See {@link JetStreamPublishOptions.timeout}: milliseconds. */
  setTimeout(timeout: number): this {
    this.#options.timeout = timeout;
    return this;
  }

  /** See {@link JetStreamPublishOptions.ttlMs}: milliseconds. */
  setTtl(ttlMs: number): this {
    this.#options.ttlMs = ttlMs;
    return this;
  }

  /** See {@link JetStreamPublishOptions.delayMs}: milliseconds. */
  setDelay(delayMs: number): this {
    this.#options.delayMs = delayMs;
    return this;
  }

  /** See {@link JetStreamPublishOptions.deliverAt}. */
  setDeliverAt(deliverAt: Date): this {
    this.#options.deliverAt = deliverAt;
    return this;
  }

  /** The event; what the builder is told later does not change it. */
  build(): NatsJetStreamRecord<TData> {
    const options = { ...this.#options, ...this.#headers.toOption() };
    return new NatsJetStreamRecord(this.#payload as TData, options);
  }
}
