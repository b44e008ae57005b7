import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import type { ReadOptions } from '../event-store.js';
import type { VersionRange } from './version-range.js';

const OPTIONS = ['from', 'to', 'direction', 'limit', 'consistency', 'signal'];

/** Checks the options of a read before anything is sent. */
export function checkReadOptions(options: ReadOptions): void {
  checkKnownOptions(options, OPTIONS);
  integerOption('from', options.from, { fallback: 1 });
  integerOption('to', options.to, { fallback: 1 });
  integerOption('limit', options.limit, { fallback: 1 });
  checkOneOf('direction', options.direction, ['forward', 'backward']);
  checkOneOf('consistency', options.consistency, ['leader', 'follower']);
}

/** The versions that a read covers in a stream at that version; undefined when there are none. */
export function rangeToRead(options: ReadOptions, version: number): VersionRange | undefined {
  const { limit = Infinity, from, to } = options;
  const range =
    options.direction === 'backward'
      ? backward(Math.min(from ?? version, version), to ?? 1, limit)
      : forward(from ?? 1, Math.min(to ?? version, version), limit);
  return range.from <= range.to ? range : undefined;
}

function forward(first: number, last: number, limit: number): VersionRange {
  return { from: first, to: Math.min(last, first + limit - 1) };
}

/** A range has its lower end first, also where it is read from the upper one. */
function backward(first: number, last: number, limit: number): VersionRange {
  return { from: Math.max(last, first - limit + 1), to: first };
}

function checkOneOf(option: string, given: unknown, allowed: readonly string[]): void {
  if (given === undefined || allowed.includes(given as string)) return;
  throw new InvalidOptionError({ option, given, allowed: `one of ${allowed.join(', ')}` });
}
