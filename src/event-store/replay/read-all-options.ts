import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { checkOneOf } from '../read/read-options.js';
import type { ReadAllStart } from './read-all-start.js';

/** Options of a read of the whole store. */
export interface ReadAllOptions {
  /**
   * Where to begin. Backward, a position or a sequence is the newest event to read, and `after` a position is
   * the first one to leave out; a time works forward only.
   * @default the beginning forward, the end backward
   */
  readonly from?: ReadAllStart | undefined;
  /** `backward` reads the newest events first. @default 'forward' */
  readonly direction?: 'forward' | 'backward' | undefined;
  /** Number of events at most. @default all */
  readonly limit?: number | undefined;
  /** Only streams of these categories, at least one. @default all but jetsource's own (`$…`) */
  readonly categories?: readonly string[] | undefined;
  /** Only events of these types, at least one. @default all */
  readonly types?: readonly string[] | undefined;
  /** Ends the read with its reason. @default none */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = ['from', 'direction', 'limit', 'categories', 'types', 'signal'];

/** Checks the options of a read of the whole store before anything is sent. */
export function checkReadAllOptions(options: ReadAllOptions): void {
  checkKnownOptions(options, OPTIONS);
  checkOneOf('direction', options.direction, ['forward', 'backward']);
  integerOption('limit', options.limit, { fallback: 1 });
  if (options.direction === 'backward' && options.from !== undefined && 'time' in options.from) {
    throw new InvalidOptionError({
      option: 'from',
      given: options.from,
      allowed: '{ position }, { after } or { sequence } where the direction is backward',
    });
  }
}
