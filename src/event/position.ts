import { InvalidOptionError } from '../kernel/invalid-option-error.js';

declare const position: unique symbol;

/**
 * Position of an event in the order of the whole store. It is opaque: store it, pass it back, compare it with
 * {@link comparePositions}. Its text format may change in a later release.
 */
export type Position = string & { readonly [position]: true };

/**
 * The parts of a position: sequence of the commit in the JetStream stream, and index of the event in the
 * commit.
 */
export interface PositionParts {
  readonly sequence: number;
  readonly index: number;
}

/** The position of the event with that index in the commit with that sequence. */
export function positionOf(sequence: number, index: number): Position {
  return `${sequence}.${index}` as Position;
}

/**
 * Parses a position.
 *
 * @throws {@link InvalidOptionError} when the text is not a position.
 */
export function parsePosition(text: string): PositionParts {
  const match = /^(\d{1,16})\.(\d{1,7})$/.exec(text);
  if (match === null) {
    throw new InvalidOptionError({
      option: 'position',
      given: text,
      allowed: 'a position returned by a store',
    });
  }
  return { sequence: Number(match[1]), index: Number(match[2]) };
}

/**
 * Checks a text from outside (a header, a database column) and returns it as a position.
 *
 * @throws {@link InvalidOptionError} when the text is not a position.
 * @example
 * const after = asPosition(request.query.after);
 */
export function asPosition(text: string): Position {
  parsePosition(text);
  return text as Position;
}

/**
 * Orders positions, for `toSorted`: negative if `a` is before `b`, 0 if they are equal, positive if `a` is
 * after `b`.
 *
 * @throws {@link InvalidOptionError} when one of them is not a position.
 */
export function comparePositions(a: Position, b: Position): number {
  const left = parsePosition(a);
  const right = parsePosition(b);
  return left.sequence - right.sequence || left.index - right.index;
}
