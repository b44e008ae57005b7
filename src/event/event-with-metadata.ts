import { type Metadata, plainMetadata } from './metadata.js';

/** The brand that two installed copies of the package agree on. */
const BRAND = Symbol.for('jetsource.event-with-metadata');

/** An event with metadata of its own, made by {@link withMetadata}. */
export class EventWithMetadata<E extends object = object> {
  /** The event: an instance of an event class, or a plain event. */
  readonly event: E;
  /** The metadata of this event only. */
  readonly metadata: Metadata;

  /** @internal */
  constructor(event: E, metadata: Metadata) {
    this.event = event;
    this.metadata = metadata;
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }
}

/** Whether a value was made by {@link withMetadata}, no matter by which installed copy of the package. */
export function isEventWithMetadata(value: unknown): value is EventWithMetadata {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/**
 * Adds metadata to one event of an append. Reads merge them over the metadata of the append.
 *
 * @throws {@link InvalidEventError} when JSON cannot hold the metadata, or a key is reserved.
 * @example
 * await store.append(order, [withMetadata(new OrderPlaced('ada'), { causationId: 'request-7' })]);
 */
export function withMetadata<E extends object>(event: E, metadata: Metadata): EventWithMetadata<E> {
  return new EventWithMetadata(event, plainMetadata(metadata));
}
