import { asPosition } from '../../event/position.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkOptionsObject } from '../checked-options.js';
import type { RebuildStart } from './rebuild-start.js';

/**
 * Where a model begins: with the first event of the log, with the first one that is stored after its first
 * start (`now`), at an event, at a sequence of the store's JetStream stream, or at a time by the server's
 * clock.
 */
export type ProjectionStart = 'beginning' | 'now' | RebuildStart;

const STARTS = ['position', 'sequence', 'time'];

/** @throws {@link InvalidOptionError} when a replay cannot begin there. */
export function checkedStart(start: ProjectionStart = 'beginning'): ProjectionStart {
  return start === 'beginning' || start === 'now' ? start : checkedRebuildStart('projection.from', start);
}

/** @throws {@link InvalidOptionError} when a replay cannot begin there. */
export function checkedRebuildStart(option: string, from: RebuildStart): RebuildStart {
  checkOptionsObject(from, { object: option, prefix: `${option}.`, known: STARTS });
  if (Object.keys(from).length !== 1) throw invalid(option, from, '{ position }, { sequence } or { time }');
  if ('position' in from) return { position: asPosition(from.position) };
  if ('time' in from) return { time: checkedTime(`${option}.time`, from.time) };
  if (Number.isSafeInteger(from.sequence) && from.sequence >= 1) return { sequence: from.sequence };
  throw invalid(`${option}.sequence`, from.sequence, 'an integer of at least 1');
}

function checkedTime(option: string, time: Date): Date {
  if (!(time instanceof Date) || Number.isNaN(time.getTime())) throw invalid(option, time, 'a valid Date');
  // whether events stored until then are in the model would depend on whether the projection runs meanwhile
  if (time.getTime() > Date.now())
    throw invalid(option, time.toISOString(), 'a time in the past, by the clock of this machine');
  return time;
}

function invalid(option: string, given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError({ option, given, allowed });
}
