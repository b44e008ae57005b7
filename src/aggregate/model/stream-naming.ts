import { checkStreamName, type StreamName, streamName } from '../../event/stream-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { AggregateId } from './aggregate-id.js';

/** Where the streams of a kind of aggregate are: one of both is given. */
export interface StreamNamingOptions {
  readonly category?: string | undefined;
  readonly streamName?: ((id: string) => StreamName) | undefined;
}

/** Tells the stream of an aggregate by its id. */
export class StreamNaming {
  readonly #nameOf: (id: string) => StreamName;

  /**
   * @throws {@link InvalidOptionError} when both are given, or `streamName` is no function.
   * @throws {@link InvalidStreamNameError} when no stream can have that category.
   */
  constructor({ category, streamName: nameOf }: StreamNamingOptions) {
    if (nameOf === undefined) {
      streamName(category as string, 'any');
      this.#nameOf = (id) => streamName(category as string, id);
      return;
    }
    if (category === undefined && typeof nameOf === 'function') {
      this.#nameOf = nameOf;
      return;
    }
    const allowed = 'a function from an id to a stream, given without category';
    throw new InvalidOptionError({ option: 'streamName', given: nameOf, allowed });
  }

  /**
   * @throws {@link InvalidStreamNameError} when no stream can have that id.
   * @throws {@link InvalidOptionError} when the option `streamName` does not return the name of a stream.
   */
  aggregate(id: string): AggregateId {
    const stream = this.#nameOf(id);
    checkStreamName(stream);
    return { id, stream };
  }
}
