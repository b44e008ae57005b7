import type { StreamName } from '../../event/stream-name.js';
import type { Expectation } from '../../event-store/append/append-options.js';
import { AggregateNotFoundError } from '../aggregate-errors.js';
import { WrongExpectedVersionError } from '../../event-store/append/append-errors.js';

/** Whether an aggregate at that version is as its caller expects. */
export function isExpected(expect: Expectation, version: number): boolean {
  if (expect === 'any') return true;
  return expect === 'exists' ? version > 0 : version === (expect === 'none' ? 0 : expect);
}

/** @throws what a caller is told whose expectation an aggregate does not meet. */
export function checkExpected(stream: StreamName, expect: Expectation, version: number): void {
  if (isExpected(expect, version)) return;
  if (version === 0 && expect !== 'none') throw new AggregateNotFoundError({ stream: stream.toString() });
  const expected = expect as 'none' | number;
  throw new WrongExpectedVersionError({ stream: stream.toString(), expected, actual: version });
}
