import type { StoredCommit } from './commit.js';

/** The place of a commit in the transaction that stored it. The parts have consecutive sequences. */
export interface TransactionPart {
  readonly id: string;
  /** From 1. */
  readonly part: number;
  /** How many parts there are, at least 2. */
  readonly of: number;
}

/** Undefined for the commit of an append, and where the metadata of a foreign commit make no sense. */
export function transactionPartOf({ metadata }: Pick<StoredCommit, 'metadata'>): TransactionPart | undefined {
  const given = metadata['transaction'];
  if (typeof given !== 'object' || given === null) return undefined;
  const { id, part, of } = given as { readonly [key in keyof TransactionPart]?: unknown };
  if (typeof id !== 'string' || !Number.isSafeInteger(part) || !Number.isSafeInteger(of)) return undefined;
  const place = { id, part: part as number, of: of as number };
  return place.part >= 1 && place.part <= place.of && place.of > 1 ? place : undefined;
}

/** The sequences of the first and of the last part. */
export function sequencesOf(
  { sequence }: Pick<StoredCommit, 'sequence'>,
  { part, of }: TransactionPart,
): { readonly first: number; readonly last: number } {
  const first = sequence - part + 1;
  return { first, last: first + of - 1 };
}
