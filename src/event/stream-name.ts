import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { InvalidStreamNameError } from './event-errors.js';
import { encodeSubjectToken } from './subject-token.js';

const CATEGORY = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const SYSTEM_CATEGORY = /^\$[a-z]{1,32}$/;

/** The brand that two installed copies of the package agree on. */
const BRAND = Symbol.for('jetsource.stream-name');

/**
 * Name of an event stream, the events of one aggregate: category and id, written `order/42`. Made by
 * {@link streamName}.
 */
export class StreamName {
  /** The kind of stream, such as `order`. */
  readonly category: string;
  /** Id of the aggregate. */
  readonly id: string;

  /** @internal */
  constructor(category: string, id: string) {
    this.category = category;
    this.id = id;
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }

  /** `category/id`, such as `order/42`. */
  toString(): string {
    return `${this.category}/${this.id}`;
  }
}

/** A stream where it is asked for: its name, or the text `category/id`. */
export type StreamLike = StreamName | `${string}/${string}`;

/**
 * The name of the stream of one aggregate.
 *
 * @param category The kind of stream: a letter, then letters, digits, `_` or `-`, 64 characters at most.
 * @param id Any non-empty string. Characters that a NATS subject cannot hold are percent-encoded; at most
 *   1,024 bytes once encoded.
 * @throws {@link InvalidStreamNameError} when the category or the id is invalid.
 * @example
 * const order = streamName('order', '42');
 */
export function streamName(category: string, id: string): StreamName {
  if (typeof category !== 'string' || !CATEGORY.test(category)) {
    throw new InvalidStreamNameError({
      part: 'category',
      given: category,
      reason: 'must be a letter, then letters, digits, _ or -, 64 characters at most',
    });
  }
  return checked(category, id);
}

/**
 * The stream name in a stored commit, and of jetsource's own streams. Unlike {@link streamName} it accepts
 * system categories (`$…`).
 */
export function storedStream(category: unknown, id: unknown): StreamName {
  if (typeof category === 'string' && SYSTEM_CATEGORY.test(category)) return checked(category, id);
  return streamName(category as string, id as string);
}

/**
 * The name of a stream that a caller gives.
 *
 * @throws {@link InvalidOptionError} when the value is neither a name nor a text with a slash.
 * @throws {@link InvalidStreamNameError} when no stream can have that name.
 */
export function asStreamName(given: unknown): StreamName {
  if (given instanceof StreamName) return given;
  if (typeof given === 'object' && given !== null && BRAND in given) {
    const { category, id } = given as StreamName;
    return storedStream(category, id);
  }
  const slash = typeof given === 'string' ? given.indexOf('/') : -1;
  if (slash > 0) return streamName((given as string).slice(0, slash), (given as string).slice(slash + 1));
  throw new InvalidOptionError({
    option: 'stream',
    given,
    allowed: "made by streamName(category, id), or a text 'category/id'",
  });
}

/** @throws {@link InvalidOptionError} when the value is no stream name. */
export function checkStreamName(given: unknown): void {
  asStreamName(given);
}

/** Whether the category is a system category of jetsource, which reads leave out by default. */
export function isSystemCategory(category: string): boolean {
  return category.startsWith('$');
}

function checked(category: string, id: unknown): StreamName {
  if (typeof id !== 'string') {
    throw new InvalidStreamNameError({ part: 'id', given: id, reason: 'must be a string' });
  }
  encodeSubjectToken(id);
  return new StreamName(category, id);
}
