import type { Checkpoint } from '../projection/store/checkpoint.js';
import { decodePosition } from '../projection/start/start-text.js';

type Mark = NonNullable<Checkpoint['earlier']>;

/** A commit as a column holds it: its position and its id, `17.0 <uuid>`; null for none. */
export function encodeMark(mark: Mark | undefined): string | null {
  return mark === undefined ? null : `${mark.position} ${mark.commitId}`;
}

/** Reads what {@link encodeMark} wrote; undefined when it is anything else. */
export function decodeMark(column: string): Mark | undefined {
  const [, text = '', commitId = ''] = /^(\S+) (\S+)$/.exec(column) ?? [];
  const position = decodePosition(text);
  return position && { position, commitId };
}
