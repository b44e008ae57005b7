import { asPosition } from '../../event/position.js';
import type { EventStore } from '../../event-store/event-store.js';
import { logReachFor } from '../../event-store/replay/start-check.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkOptionalFunction, checkOptionsObject, checkSignal } from '../checked-options.js';
import type { RebuildOptions, RebuildStart } from './rebuild-options.js';

const STARTS = ['position', 'sequence', 'time'];

/**
 * Checks the options of a rebuild before anything is cleared.
 *
 * @returns The start; undefined for the beginning of the log.
 * @throws {@link InvalidOptionError} when a replay cannot begin there, or another option cannot work.
 */
export function checkRebuildOptions(options: RebuildOptions): RebuildStart | undefined {
  checkOptionsObject(options, { object: 'options', known: ['from', 'onProgress', 'signal'] });
  checkOptionalFunction('onProgress', options.onProgress);
  checkSignal(options.signal);
  return options.from === undefined ? undefined : rebuildStart(options.from);
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

function rebuildStart(from: RebuildStart): RebuildStart {
  checkOptionsObject(from, { object: 'from', prefix: 'from.', known: STARTS });
  if (Object.keys(from).length !== 1) throw invalid('from', from, '{ position }, { sequence } or { time }');
  if ('position' in from) return { position: asPosition(from.position) };
  if ('time' in from) return { time: checkedTime(from.time) };
  if (Number.isSafeInteger(from.sequence) && from.sequence >= 1) return { sequence: from.sequence };
  throw invalid('from.sequence', from.sequence, 'an integer of at least 1');
}

function checkedTime(time: Date): Date {
  if (!(time instanceof Date) || Number.isNaN(time.getTime()))
    throw invalid('from.time', time, 'a valid Date');
  // whether events stored until then are in the model would depend on whether the projection runs meanwhile
  if (time.getTime() > Date.now())
    throw invalid('from.time', time.toISOString(), 'a time in the past, by the clock of this machine');
  return time;
}

function invalid(option: string, given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError({ option, given, allowed });
}
