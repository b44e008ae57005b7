import type { Position } from '../event/position.js';
import { parsePosition } from '../event/position.js';
import type { CheckpointKey } from '../projection/store/checkpoint.js';
import type { ModelId } from '../projection/store/model-id.js';

/** What is written as it is; any other byte of UTF-8 becomes `=XX`. */
const PLAIN = /[A-Za-z0-9_-]/;
/** Keys begin with the table. No table is encoded as these are: `=` is followed by two hexadecimal digits. */
const CHECKPOINTS = '=checkpoint';
const PARKED = '=parked';

/**
 * Encodes a text as one part of a key, in the characters that every client of NATS allows in keys: letters,
 * digits, `-`, `_`, `=`. Two different texts never have the same part.
 */
export function encodePart(text: string): string {
  let part = '';
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    part += PLAIN.test(character) ? character : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return part;
}

/** Decodes what {@link encodePart} returned. */
export function decodePart(part: string): string {
  const bytes = part.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

/** The key of a row. */
export function rowKey(table: string, key: string): string {
  return `${encodePart(table)}.${encodePart(key)}`;
}

/** The filter for the rows of a table. */
export function rowsOf(table: string): string {
  return `${encodePart(table)}.*`;
}

/** The key in the last part of a row's subject. */
export function keyOfRow(subject: string): string {
  return decodePart(subject.slice(subject.lastIndexOf('.') + 1));
}

export function checkpointKey(key: CheckpointKey): string {
  return `${CHECKPOINTS}.${modelParts(key)}.${key.lane}`;
}

/** The filter for the checkpoints of a model. */
export function checkpointsOf(model: ModelId): string {
  return `${CHECKPOINTS}.${modelParts(model)}.*`;
}

export function parkedKey(model: ModelId, position: Position): string {
  const { sequence, index } = parsePosition(position);
  return `${PARKED}.${modelParts(model)}.${sequence}.${index}`;
}

/** The filter for the parked events of a model. */
export function parkedOf(model: ModelId): string {
  return `${PARKED}.${modelParts(model)}.*.*`;
}

function modelParts({ projection, version, build }: ModelId): string {
  return `${encodePart(projection)}.${version}.${build}`;
}
