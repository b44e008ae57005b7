import { InvalidOptionError } from '../kernel/errors.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import type { ReadOptions } from './event-store.js';
import type { VersionRange } from './version-range.js';

const OPTIONS = ['from', 'direction', 'limit', 'consistency', 'signal'];

/** Checks the options of a read before anything is sent. */
export function checkReadOptions(options: ReadOptions): void {
  checkKnownOptions(options, OPTIONS);
  integerOption('from', options.from, 1);
  integerOption('limit', options.limit, 1);
  checkOneOf('direction', options.direction, ['forward', 'backward']);
  checkOneOf('consistency', options.consistency, ['leader', 'follower']);
}

/** The versions that a read covers in a stream at that version; undefined when there are none. */
export function rangeToRead(options: ReadOptions, version: number): VersionRange | undefined {
  const limit = options.limit ?? Infinity;
  const range =
    options.direction === 'backward'
      ? backward(Math.min(options.from ?? version, version), limit)
      : forward(options.from ?? 1, limit, version);
  return range.from <= range.to ? range : undefined;
}

function forward(from: number, limit: number, version: number): VersionRange {
  return { from, to: Math.min(version, from + limit - 1) };
}

function backward(to: number, limit: number): VersionRange {
  return { from: Math.max(1, to - limit + 1), to };
}

function checkOneOf(option: string, given: unknown, allowed: readonly string[]): void {
  if (given === undefined || allowed.includes(given as string)) return;
  throw new InvalidOptionError({ option, given, allowed: `one of ${allowed.join(', ')}` });
}
