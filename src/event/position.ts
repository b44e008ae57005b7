import { InvalidOptionError } from '../kernel/invalid-option-error.js';

declare const position: unique symbol;

/**
 * Where an event stands in the order of the whole store. Opaque: keep it, hand it back, compare it with
 * {@link comparePositions}; its text may change where a store spans several JetStream streams.
 */
export type Position = string & { readonly [position]: true };

/** A position taken apart: sequence of the commit in the JetStream stream, and index of the event in the commit. */
export interface PositionParts {
  readonly sequence: number;
  readonly index: number;
}

/** The position of the event with that index in the commit with that sequence. */
export function positionOf(sequence: number, index: number): Position {
  return `${sequence}.${index}` as Position;
}

/**
 * Reads a position that was kept as text.
 *
 * @throws {@link InvalidOptionError} when the text is no position.
 */
export function parsePosition(text: string): PositionParts {
  const match = /^(\d{1,16})\.(\d{1,7})$/.exec(text);
  if (match === null) {
    throw new InvalidOptionError({
      option: 'position',
      given: text,
      allowed: 'a position that a store gave',
    });
  }
  return { sequence: Number(match[1]), index: Number(match[2]) };
}

/** A text that came from outside (a header, a column) as a position, checked. */
export function asPosition(text: string): Position {
  parsePosition(text);
  return text as Position;
}

/** Negative when `a` stands before `b`, 0 when they are the same, positive when `a` stands behind `b`. */
export function comparePositions(a: Position, b: Position): number {
  const left = parsePosition(a);
  const right = parsePosition(b);
  return left.sequence - right.sequence || left.index - right.index;
}
