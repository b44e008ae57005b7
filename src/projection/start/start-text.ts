import { asPosition, type Position } from '../../event/position.js';
import type { RebuildStart } from './rebuild-start.js';

/**
 * The start of a replay as text, for columns and records: `sequence:17`, `time:<ISO 8601>` or `position:…`;
 * null for the beginning.
 */
export function encodeStart(start: RebuildStart | undefined): string | null {
  if (start === undefined) return null;
  if ('sequence' in start) return `sequence:${start.sequence}`;
  if ('time' in start) return `time:${start.time.toISOString()}`;
  return `position:${start.position}`;
}

/** Reads what {@link encodeStart} wrote; undefined when it is anything else. */
export function decodeStart(column: string): RebuildStart | undefined {
  const [, kind, value = ''] = /^([a-z]+):(.+)$/.exec(column) ?? [];
  if (kind === 'sequence') return decodeSequence(value);
  if (kind === 'time') return decodeTime(value);
  const position = kind === 'position' ? decodePosition(value) : undefined;
  return position && { position };
}

/** A position that was stored as text; undefined when it is none. */
export function decodePosition(text: string): Position | undefined {
  try {
    return asPosition(text);
  } catch {
    return undefined;
  }
}

function decodeSequence(text: string): RebuildStart | undefined {
  const sequence = /^\d+$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(sequence) && sequence >= 1 ? { sequence } : undefined;
}

function decodeTime(text: string): RebuildStart | undefined {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : { time };
}
