import type { EventStore } from '../../event-store/event-store.js';
import { logReachFor } from '../../event-store/replay/start-check.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { integerOption } from '../../kernel/options.js';
import { checkOptionalFunction, checkOptionsObject, checkSignal } from '../checked-options.js';
import { checkedRebuildStart } from '../start/projection-start.js';
import type { RebuildOptions } from './rebuild-options.js';
import type { RebuildStart } from '../start/rebuild-start.js';

const KNOWN = ['from', 'onProgress', 'batch', 'maxEventsPerSecond', 'signal'];

/**
 * Checks the options of a rebuild before anything is cleared.
 *
 * @returns The start; undefined for the beginning of the log.
 * @throws {@link InvalidOptionError} when a replay cannot begin there, or another option cannot work.
 */
export function checkRebuildOptions(options: RebuildOptions): RebuildStart | undefined {
  checkOptionsObject(options, { object: 'options', known: KNOWN });
  integerOption('batch', options.batch, { fallback: 1 });
  integerOption('maxEventsPerSecond', options.maxEventsPerSecond, { fallback: 1 });
  checkOptionalFunction('onProgress', options.onProgress);
  checkSignal(options.signal);
  return options.from === undefined ? undefined : checkedRebuildStart('from', options.from);
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

function invalid(option: string, given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError({ option, given, allowed });
}
