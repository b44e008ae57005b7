/** Width of the radix form; part of the wire format. */
const RADIX = 16;

/**
 * Which earlier commits of its stream commit `n` lists, newest first: every u < n for which a k ≥ 0 exists with 16^k dividing u
 * and u ≥ ⌊(n − 1) / 16^(k+1)⌋ · 16^(k+1). 17 lists 16; 33 lists 32 and 16; 257 lists 256.
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

/** How many commits commit `n` lists. */
export function predecessorCount(n: number): number {
  let count = 0;
  let newest = n - 1;
  for (let step = 1; newest > 0; step *= RADIX) {
    const wider = step * RADIX;
    const oldest = Math.floor((n - 1) / wider) * wider;
    // 0 is a multiple of all, but no commit
    count += Math.max(0, (newest - oldest) / step + 1) - (oldest === 0 ? 1 : 0);
    newest = oldest - wider;
  }
  return count;
}

/**
 * What the next commit stores as its predecessors, made from the previous commit alone.
 *
 * @param n Number of the previous commit.
 * @param sequence Its sequence.
 * @param stored Its predecessors, as stored.
 */
export function nextPredecessors(n: number, sequence: number, stored: readonly number[]): number[] {
  const sequences = predecessorSequences(n, stored);
  sequences.set(n, sequence);
  return encodePredecessors(predecessorNumbers(n + 1).map((number) => sequences.get(number) as number));
}

/** The sequences that commit `n` lists, by commit number. */
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

/** Whether a stored list can be that of commit `n`: the next commit's is made from it, so a list that does not fit would spread. */
export function isPredecessorList(n: number, stored: readonly unknown[]): stored is readonly number[] {
  let sequence = 0;
  for (const [index, value] of stored.entries()) {
    if (!Number.isSafeInteger(value) || (value as number) < 1) return false;
    sequence = index === 0 ? (value as number) : sequence - (value as number);
    if (sequence < 1) return false;
  }
  return stored.length === predecessorCount(n);
}

/** As stored: the first sequence as it is, then the difference to the next older one. */
export function encodePredecessors(sequences: readonly number[]): number[] {
  return sequences.map((sequence, index) =>
    index === 0 ? sequence : (sequences[index - 1] as number) - sequence,
  );
}

/** How far commit `n` alone reaches back: it lists what stands in [n − span, n − 1], beside what its elders list as well. */
export function predecessorSpan(n: number): number {
  let span = 1;
  while (n % (span * RADIX) === 0) span *= RADIX;
  return span;
}
