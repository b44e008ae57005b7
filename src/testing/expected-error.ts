import { inspect } from 'node:util';

/**
 * How {@link Expectations.thenError} recognises an error: by its class, a part of its message, a pattern for
 * its message, or a predicate.
 */
export type ExpectedError =
  (abstract new (...args: never[]) => Error) | string | RegExp | ((error: unknown) => boolean);

export function isExpectedError(refusal: unknown, expected: ExpectedError): boolean {
  if (typeof expected === 'string') return messageOf(refusal).includes(expected);
  if (typeof expected === 'object') return expected.test(messageOf(refusal));
  return isErrorClass(expected) ? refusal instanceof expected : expected(refusal);
}

/** Formats events for the message of a failed expectation. */
export function describeEvents(events: readonly object[]): string {
  return events.length === 0 ? 'nothing' : inspect(events, { depth: 4 });
}

function isErrorClass(
  expected: Exclude<ExpectedError, string | RegExp>,
): expected is abstract new (...args: never[]) => Error {
  const prototype: unknown = expected.prototype;
  return expected === Error || prototype instanceof Error;
}

function messageOf(refusal: unknown): string {
  return refusal instanceof Error ? refusal.message : String(refusal);
}
