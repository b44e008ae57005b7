import { InvalidArgumentError } from 'commander';

/** Parses the number of a message in an argument. */
export function number(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('must be an integer of at least 1.');
}

/** Parses the numbers of messages in arguments, one after the other. */
export function numberList(text: string, before: number[] = []): number[] {
  return [...before, number(text)];
}
