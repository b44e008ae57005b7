import type { StreamName } from '../../event/stream-name.js';
import { WrongExpectedVersionError } from '../../event-store/append/append-errors.js';
import { meets, namedExpectation, resolveExpectation } from '../../event-store/append/expectation.js';
import type { Expectation } from '../../event-store/append/append-options.js';
import { AggregateNotFoundError } from '../aggregate-errors.js';
import type { CommitRef } from '../state/commit-ref.js';

/**
 * Whether an aggregate whose last commit is that one is as its caller expects.
 *
 * @throws {@link InvalidOptionError} when `expect` is no expectation.
 */
export function isExpected(expect: Expectation | undefined, lastCommit: CommitRef): boolean {
  return meets({ expect: resolveExpectation(expect) }, lastCommit);
}

/** The error for a caller whose expectation an aggregate at that version does not meet. */
export function unexpected(
  stream: StreamName,
  expect: Expectation | undefined,
  version: number,
): AggregateNotFoundError | WrongExpectedVersionError {
  const expected = namedExpectation(resolveExpectation(expect));
  if (version === 0 && expected !== 'none') return new AggregateNotFoundError({ stream: stream.toString() });
  return new WrongExpectedVersionError({ stream: stream.toString(), expected, actual: version });
}
