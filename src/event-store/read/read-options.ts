import type { Version } from '../../event/version.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import type { VersionRange } from './version-range.js';

/**
 * `leader` sees every acknowledged append. `follower` may lag some milliseconds in a cluster, and is faster.
 */
export type Consistency = 'leader' | 'follower';

/** Options of a read of one stream. */
export interface ReadOptions {
  /** First version to read. @default 1 forward, the last one backward */
  readonly from?: number | undefined;
  /**
   * Last version to read, in the direction of reading, inclusive.
   * @default the last one forward, 1 backward
   */
  readonly to?: number | undefined;
  /** `backward` reads the newest events first. @default 'forward' */
  readonly direction?: 'forward' | 'backward' | undefined;
  /** Number of events at most. @default all */
  readonly limit?: number | undefined;
  /** Which servers answer. @default 'follower' */
  readonly consistency?: Consistency | undefined;
  /** Ends the read with its reason. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a request about one stream. */
export interface StatusOptions {
  /** Which servers answer. @default 'follower' */
  readonly consistency?: Consistency | undefined;
  /** Ends the request with its reason. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** Which commits of a stream to read. */
export interface ReadCommitsOptions extends StatusOptions {
  /** Only commits that hold a version after this one. @default 0 */
  readonly after?: Version | undefined;
}

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

/** A range has its lower end first, even if it is read from the upper one. */
function backward(first: number, last: number, limit: number): VersionRange {
  return { from: Math.max(last, first - limit + 1), to: first };
}

/** @throws {@link InvalidOptionError} when a value is none of those allowed. */
export function checkOneOf(option: string, given: unknown, allowed: readonly string[]): void {
  if (given === undefined || allowed.includes(given as string)) return;
  throw new InvalidOptionError({ option, given, allowed: `one of ${allowed.join(', ')}` });
}
