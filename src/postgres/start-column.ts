import { asPosition } from '../event/position.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import type { Checkpoint } from '../projection/checkpoint.js';

type Start = NonNullable<Checkpoint['start']>;

/** The start of a replay as the column holds it: `sequence:17`, `time:<ISO 8601>`, `position:…`; null for the beginning. */
export function encodeStart(start: Start | undefined): string | null {
  if (start === undefined) return null;
  if ('sequence' in start) return `sequence:${start.sequence}`;
  if ('time' in start) return `time:${start.time.toISOString()}`;
  return `position:${start.position}`;
}

/** @throws {@link InvalidOptionError} when the column holds something else. */
export function decodeStart(column: unknown): Start | undefined {
  if (column === null || column === undefined) return undefined;
  const [, kind, value = ''] = typeof column === 'string' ? (/^([a-z]+):(.+)$/.exec(column) ?? []) : [];
  if (kind === 'sequence') return { sequence: Number(value) };
  if (kind === 'time') return { time: new Date(value) };
  if (kind === 'position') return { position: asPosition(value) };
  throw new InvalidOptionError({
    option: 'jetsource_checkpoint.start_at',
    given: column,
    allowed: 'a start',
  });
}
