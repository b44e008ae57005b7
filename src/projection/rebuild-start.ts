import { asPosition } from '../event/position.js';
import { InvalidOptionError } from '../kernel/errors.js';
import type { RebuildStart } from './rebuild.js';

const ALLOWED = '{ sequence }, { time } or { position }';

/**
 * The start of a rebuild, checked before anything is cleared; undefined for the beginning of the log.
 *
 * @throws {@link InvalidOptionError} when a replay cannot begin there.
 */
export function rebuildStart(from: RebuildStart | undefined): RebuildStart | undefined {
  if (from === undefined) return undefined;
  if (typeof from !== 'object' || from === null || Object.keys(from).length !== 1)
    throw invalid('from', from, ALLOWED);
  if ('position' in from) return { position: asPosition(from.position) };
  if ('sequence' in from) {
    if (Number.isSafeInteger(from.sequence) && from.sequence >= 1) return { sequence: from.sequence };
    throw invalid('from.sequence', from.sequence, 'an integer of at least 1');
  }
  if (!('time' in from)) throw invalid('from', from, ALLOWED);
  if (from.time instanceof Date && !Number.isNaN(from.time.getTime())) return { time: from.time };
  throw invalid('from.time', from.time, 'a valid Date');
}

function invalid(option: string, given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError({ option, given, allowed });
}
