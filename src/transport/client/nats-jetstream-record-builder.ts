import type { PublishExpectations, PublishSchedule } from '../../jetstream/publish/publish-request.js';
import { HeaderList } from '../header-list.js';
import { NatsJetStreamRecord } from './nats-jetstream-record.js';
import type { JetStreamPublishOptions } from './publish-options.js';

type Options = { -readonly [Key in keyof JetStreamPublishOptions]: JetStreamPublishOptions[Key] };

/**
 * Builds an event with options.
 *
 * @example
 * const record = new NatsJetStreamRecordBuilder(order).setMsgId(order.id).setTtl(60_000).build();
 * client.emit('order.created', record);
 */
export class NatsJetStreamRecordBuilder<TData = unknown> {
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

  /** Sets {@link JetStreamPublishOptions.msgID}. */
  setMsgId(messageId: string): this {
    this.#options.msgID = messageId;
    return this;
  }

  /** The message id that was set; undefined when there is none. */
  getMsgId(): string | undefined {
    return this.#options.msgID;
  }

  /** Adds a value to a header. */
  appendHeader(name: string, value: string): this {
    this.#headers.append(name, value);
    return this;
  }

  /** Sets {@link JetStreamPublishOptions.expect}. */
  setExpectations(expect: PublishExpectations): this {
    this.#options.expect = expect;
    return this;
  }

  /** Sets {@link JetStreamPublishOptions.timeout}, in milliseconds. */
  setTimeout(timeout: number): this {
    this.#options.timeout = timeout;
    return this;
  }

  /** Sets {@link JetStreamPublishOptions.ttlMs}, in milliseconds. */
  setTtl(ttlMs: number): this {
    this.#options.ttlMs = ttlMs;
    return this;
  }

  /** Sets {@link JetStreamPublishOptions.delayMs}, in milliseconds. */
  setDelay(delayMs: number): this {
    this.#options.delayMs = delayMs;
    return this;
  }

  /** Sets {@link JetStreamPublishOptions.deliverAt}. */
  setDeliverAt(deliverAt: Date): this {
    this.#options.deliverAt = deliverAt;
    return this;
  }

  /** Sets {@link JetStreamPublishOptions.schedule}. */
  setSchedule(schedule: PublishSchedule): this {
    this.#options.schedule = schedule;
    return this;
  }

  /** The event. Later calls of the builder do not change it. */
  build(): NatsJetStreamRecord<TData> {
    const options = { ...this.#options, ...this.#headers.toOption() };
    return new NatsJetStreamRecord(this.#payload as TData, options);
  }
}
