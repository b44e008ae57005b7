import { checkMetadata, type Metadata } from './metadata.js';

/** An event to be stored, with what is to be said of it alone. */
export class EventWithMetadata {
  readonly event: object;
  readonly metadata: Metadata;

  /** @internal */
  constructor(event: object, metadata: Metadata) {
    this.event = event;
    this.metadata = metadata;
  }
}

/**
 * Gives one event of an append metadata of its own: read back merged over the metadata of the append.
 *
 * @throws {@link InvalidEventError} when JSON cannot hold the metadata.
 * @example
 * await store.append(order, [withMetadata(new OrderPlaced('ada'), { causationId: 'request-7' })]);
 */
export function withMetadata(event: object, metadata: Metadata): EventWithMetadata {
  checkMetadata(metadata);
  return new EventWithMetadata(event, metadata);
}
