import { InvalidOptionError } from './invalid-option-error.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A day has 24 hours: no time zone is meant, and no calendar. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  milliseconds: 1,
  s: SECOND,
  second: SECOND,
  seconds: SECOND,
  m: MINUTE,
  min: MINUTE,
  minute: MINUTE,
  minutes: MINUTE,
  h: HOUR,
  hour: HOUR,
  hours: HOUR,
  d: DAY,
  day: DAY,
  days: DAY,
  w: 7 * DAY,
  week: 7 * DAY,
  weeks: 7 * DAY,
};
const PART = /(\d+(?:\.\d+)?)\s*([a-z]+)/g;
const WHOLE = /^\d+(?:\.\d+)?\s*[a-z]+(?:\s*\d+(?:\.\d+)?\s*[a-z]+)*$/;

/**
 * A length of time in whole milliseconds: a number of them, or a text of numbers and units, such as `3 days`,
 * `10s` or `2h 30m`. Units are ms, s, m, h, d, w and their names. A month has no fixed length and is refused.
 *
 * @param option Name of the option in the error.
 * @throws {@link InvalidOptionError} when it is neither, or negative.
 */
export function durationOption(option: string, given: unknown): number {
  const ms = typeof given === 'string' ? parsed(given.trim()) : given;
  if (typeof ms === 'number' && Number.isSafeInteger(Math.ceil(ms)) && ms >= 0) return Math.ceil(ms);
  throw new InvalidOptionError({
    option,
    given,
    allowed: "a number of milliseconds of at least 0, or a text such as '3 days', '10s' or '2h 30m'",
  });
}

function parsed(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of text.matchAll(PART)) {
    const length = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (length === undefined) return undefined;
    sum += Number(count) * length;
  }
  return sum;
}
