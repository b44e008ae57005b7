import { asPosition } from '../event/position.js';
import type { EventStore } from '../event-store/event-store.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { logReachFor } from './log-reach.js';
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
  return { time: checkedTime(from.time) };
}

/**
 * Asks the log for its end where the start may lie beyond it.
 *
 * @throws {@link InvalidOptionError} when a replay from there would skip what is appended next.
 */
export async function requireWithinLog(start: RebuildStart, store: EventStore): Promise<void> {
  const reach = logReachFor(start);
  if (reach <= 0) return;
  const last = await store.lastSequence();
  if (reach <= last) return;
  const [option, given] =
    'position' in start ? ['from.position', start.position] : ['from.sequence', reach + 1];
  throw invalid(option, given, `within the log, which ends at sequence ${last}`);
}

function checkedTime(time: Date): Date {
  if (!(time instanceof Date) || Number.isNaN(time.getTime()))
    throw invalid('from.time', time, 'a valid Date');
  // what is stored until then would be in the model or not, by whether the projection ran meanwhile
  if (time.getTime() > Date.now())
    throw invalid('from.time', time.toISOString(), 'a time that has passed, by the clock of this machine');
  return time;
}

function invalid(option: string, given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError({ option, given, allowed });
}
