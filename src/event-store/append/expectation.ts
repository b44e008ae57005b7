import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { Expectation } from './append-options.js';
import type { StreamEnd } from './stream-end.js';

/** An expectation with `none` as version 0. */
export type ResolvedExpectation = 'any' | 'exists' | number;

/** @throws {@link InvalidOptionError} when the value is no expectation. */
export function resolveExpectation(expect: Expectation | undefined): ResolvedExpectation {
  if (expect === undefined || expect === 'any') return 'any';
  if (expect === 'exists') return expect;
  if (expect === 'none') return 0;
  if (Number.isSafeInteger(expect) && expect >= 0) return expect;
  throw new InvalidOptionError({
    option: 'expect',
    given: expect,
    allowed: "'any', 'none', 'exists' or a version (an integer of at least 0)",
  });
}

/** What is expected of the end of a stream. */
export interface ExpectedEnd {
  readonly expect: ResolvedExpectation;
  /** The commit that it has to end in: after data loss other events can have the same version. */
  readonly lastCommitId?: string | undefined;
}

/** Whether a stream with that end is as expected. */
export function meets(
  { expect, lastCommitId }: ExpectedEnd,
  end: Pick<StreamEnd, 'version' | 'commitId'>,
): boolean {
  if (lastCommitId !== undefined && lastCommitId !== end.commitId) return false;
  if (expect === 'any') return true;
  return expect === 'exists' ? end.version > 0 : end.version === expect;
}

/** The expectation as an error reports it; `any` never conflicts. */
export function namedExpectation(expect: ResolvedExpectation): 'none' | 'exists' | number {
  return expect === 0 ? 'none' : (expect as 'exists' | number);
}
