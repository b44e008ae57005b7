import { InvalidEventError } from '../../event/event-errors.js';
import { copyPlainJson, PlainJsonFault } from '../../event/plain-json.js';
import { encodeSubjectToken } from '../../event/subject-token.js';
import { durationOption } from '../../kernel/duration.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import type { ScheduleOptions, TimerCommand } from './timers.js';

const OPTIONS = ['at', 'in', 'id', 'commandId', 'metadata', 'signal'];
/** A server counts nanoseconds in 64 bits, up to the year 2262; what is later it delivers at once. */
const LAST_TIME_MS = 9_223_372_036_854;

/** A checked call of `schedule`. */
export interface TimerRequest {
  readonly id: string;
  readonly command: TimerCommand;
  readonly at: Date;
}

/**
 * Checks a call of `schedule` before anything is sent.
 *
 * @param now The time that `in` counts from, in milliseconds since 1970.
 */
export function toTimerRequest(command: TimerCommand, options: ScheduleOptions, now: number): TimerRequest {
  checkKnownOptions(options, OPTIONS);
  checkTimerId(options.id);
  return { id: options.id, command: checkedCommand(command), at: timeOf(options, now) };
}

/** @throws {@link InvalidStreamNameError} for an id that no timer can have. */
export function checkTimerId(id: unknown): void {
  if (typeof id !== 'string')
    throw new InvalidOptionError({ option: 'id', given: id, allowed: 'a text that is not empty' });
  encodeSubjectToken(id);
}

function timeOf({ at, in: delay }: ScheduleOptions, now: number): Date {
  if ((at === undefined) === (delay === undefined))
    throw new InvalidOptionError({
      option: 'at',
      given: at,
      allowed: 'given where `in` is not, and only there',
    });
  const time = at === undefined ? now + durationOption('in', delay) : timeIn(at);
  if (time <= LAST_TIME_MS) return new Date(time);
  const allowed = `a time up to ${new Date(LAST_TIME_MS).toISOString()}`;
  throw new InvalidOptionError({ option: at === undefined ? 'in' : 'at', given: at ?? delay, allowed });
}

function timeIn(at: unknown): number {
  const time = at instanceof Date ? at.getTime() : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidOptionError({ option: 'at', given: at, allowed: 'a valid Date' });
}

function checkedCommand(command: unknown): TimerCommand {
  const { name, data } = (command ?? {}) as Partial<TimerCommand>;
  if (typeof name !== 'string' || name === '')
    throw new InvalidOptionError({
      option: 'command.name',
      given: name,
      allowed: 'a text that is not empty',
    });
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new InvalidOptionError({
      option: 'command.data',
      given: data,
      allowed: 'an object that JSON can hold',
    });
  return { name, data: plain(data) };
}

function plain(data: object): TimerCommand['data'] {
  try {
    return copyPlainJson(data, { root: 'command.data' }) as TimerCommand['data'];
  } catch (cause) {
    if (cause instanceof PlainJsonFault) throw new InvalidEventError(cause.message, { cause });
    throw cause;
  }
}
