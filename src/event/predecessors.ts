/** Base of the predecessor lists; part of the wire format. */
const RADIX = 16;

/**
 * Numbers of the earlier commits of its stream that commit `n` lists, newest first: every u < n for which a k
 * ≥ 0 exists with 16^k dividing u and u ≥ ⌊(n − 1) / 16^(k+1)⌋ · 16^(k+1). 17 lists 16; 33 lists 32 and 16;
 * 257 lists 256.
 */
export function predecessorNumbers(n: number): number[] {
  const numbers: number[] = [];
  let newest = n - 1;
  for (let step = 1; newest > 0; step *= RADIX) {
    const wider = step * RADIX;
    const oldest = Math.floor((n - 1) / wider) * wider;
    for (let number = newest; number >= oldest && number > 0; number -= step) numbers.push(number);
    newest = oldest - wider;
  }
  return numbers;
}

/** Number of commits that commit `n` lists. */
export function predecessorCount(n: number): number {
  let count = 0;
  let newest = n - 1;
  for (let step = 1; newest > 0; step *= RADIX) {
    const wider = step * RADIX;
    const oldest = Math.floor((n - 1) / wider) * wider;
    // 0 is a multiple of every step, but commits count from 1
    count += Math.max(0, (newest - oldest) / step + 1) - (oldest === 0 ? 1 : 0);
    newest = oldest - wider;
  }
  return count;
}

/**
 * The predecessor list of the next commit, computed from the previous commit alone.
 *
 * @param n Number of the previous commit.
 * @param sequence Its sequence.
 * @param stored Its predecessor list, as stored.
 */
export function nextPredecessors(n: number, sequence: number, stored: readonly number[]): number[] {
  const sequences = predecessorSequences(n, stored);
  sequences.set(n, sequence);
  return encodePredecessors(predecessorNumbers(n + 1).map((number) => sequences.get(number) as number));
}

/**
 * Whether the list of a commit can be one of the log that the commit stands in: earlier commits have lower
 * sequences. One that was published again into another log (an import) may list sequences from its own on.
 */
export function isBefore(sequence: number, stored: readonly number[]): boolean {
  return stored.length === 0 || (stored[0] as number) < sequence;
}

/**
 * The predecessor list of commit `n`, from the sequences of the commits before it; undefined when one of
 * those that it lists is missing, or they do not ascend.
 */
export function predecessorsFrom(
  n: number,
  sequences: ReadonlyMap<number, number>,
): readonly number[] | undefined {
  const listed = predecessorNumbers(n).map((number) => sequences.get(number) ?? 0);
  const encoded = encodePredecessors(listed);
  return isPredecessorList(n, encoded) ? encoded : undefined;
}

/** The sequences in the list of commit `n`, by commit number. */
export function predecessorSequences(n: number, stored: readonly number[]): Map<number, number> {
  const sequences = new Map<number, number>();
  let sequence = 0;
  for (const [index, number] of predecessorNumbers(n).entries()) {
    const value = stored[index] as number;
    sequence = index === 0 ? value : sequence - value;
    sequences.set(number, sequence);
  }
  return sequences;
}

/**
 * Whether a stored list can belong to commit `n`. Checked on read, since the lists of all later commits are
 * computed from it.
 */
export function isPredecessorList(n: number, stored: readonly unknown[]): stored is readonly number[] {
  let sequence = 0;
  for (const [index, value] of stored.entries()) {
    if (!Number.isSafeInteger(value) || (value as number) < 1) return false;
    sequence = index === 0 ? (value as number) : sequence - (value as number);
    if (sequence < 1) return false;
  }
  return stored.length === predecessorCount(n);
}

/**
 * Encodes sequences as stored: the first is absolute, each other one is the difference to the one before it.
 */
export function encodePredecessors(sequences: readonly number[]): number[] {
  return sequences.map((sequence, index) =>
    index === 0 ? sequence : (sequences[index - 1] as number) - sequence,
  );
}

/**
 * How many commits, ending with `n`, later commits reach through `n` only: commits after `n` list `n` in
 * place of the commits in [n − span + 1, n − 1]. It is 1 unless `n` is a multiple of 16.
 */
export function predecessorSpan(n: number): number {
  let span = 1;
  while (n % (span * RADIX) === 0) span *= RADIX;
  return span;
}
