import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { InvalidStreamNameError } from './event-errors.js';
import { encodeSubjectToken } from './subject-token.js';

const CATEGORY = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const SYSTEM_CATEGORY = /^\$[a-z]{1,32}$/;

/** The events of one aggregate, named by its category and its id; written `order/42`. Make one with {@link streamName}. */
export class StreamName {
  readonly category: string;
  readonly id: string;

  /** @internal */
  constructor(category: string, id: string) {
    this.category = category;
    this.id = id;
  }

  toString(): string {
    return `${this.category}/${this.id}`;
  }
}

/**
 * Names the stream of one aggregate.
 *
 * @param category The kind of stream: a letter, then letters, digits, `_` or `-`, 64 characters at most.
 * @param id Any non-empty text; what a NATS subject cannot hold is percent-encoded, 1,024 bytes at most once encoded.
 * @throws {@link InvalidStreamNameError} when no stream can have that name.
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

/** A stream as a stored commit names it, categories of our own (`$…`) included. */
export function storedStream(category: unknown, id: unknown): StreamName {
  if (typeof category === 'string' && SYSTEM_CATEGORY.test(category)) return checked(category, id);
  return streamName(category as string, id as string);
}

/** @throws {@link InvalidOptionError} when the value was not made by {@link streamName}. */
export function checkStreamName(given: unknown): void {
  if (given instanceof StreamName) return;
  throw new InvalidOptionError({ option: 'stream', given, allowed: 'made by streamName(category, id)' });
}

/** Whether the category is one of jetsource's own, which reads leave out. */
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
