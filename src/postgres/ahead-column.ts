import type { Position } from '../event/position.js';
import { SLOTS } from '../event/slot.js';
import type { Checkpoint } from '../projection/store/checkpoint.js';
import { decodePosition } from '../projection/start/start-text.js';

type Ahead = NonNullable<Checkpoint['ahead']>;

/** Positions by slot as the column holds them: `{"17": "204.0"}`; null for none. */
export function encodeAhead(ahead: Ahead | undefined): string | null {
  return ahead === undefined ? null : JSON.stringify(ahead);
}

/** Reads what {@link encodeAhead} wrote; undefined when it is anything else. */
export function decodeAhead(column: string): Ahead | undefined {
  const parsed: unknown = JSON.parse(column);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const ahead: Record<number, Position> = {};
  for (const [slot, text] of Object.entries(parsed)) {
    const position = typeof text === 'string' ? decodePosition(text) : undefined;
    if (!/^\d{1,2}$/.test(slot) || Number(slot) >= SLOTS || position === undefined) return undefined;
    ahead[Number(slot)] = position;
  }
  return ahead;
}
