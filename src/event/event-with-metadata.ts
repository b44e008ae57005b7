import { checkMetadata, type Metadata } from './metadata.js';

/** An event with metadata of its own, made by {@link withMetadata}. */
export class EventWithMetadata {
  /** The event: an instance of an event class, or a plain event. */
  readonly event: object;
  /** The metadata of this event only. */
  readonly metadata: Metadata;

  /** @internal */
  constructor(event: object, metadata: Metadata) {
    this.event = event;
    this.metadata = metadata;
  }
}

/**
 * Adds metadata to one event of an append. Reads merge them over the metadata of the append.
 *
 * @throws {@link InvalidEventError} when JSON cannot hold the metadata, or a key is reserved.
 * @example
 * await store.append(order, [withMetadata(new OrderPlaced('ada'), { causationId: 'request-7' })]);
 */
export function withMetadata(event: object, metadata: Metadata): EventWithMetadata {
  checkMetadata(metadata);
  return new EventWithMetadata(event, metadata);
}
