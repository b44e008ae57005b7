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

/**
 * The sequences that the next commit lists, made from the previous commit alone.
 *
 * @param n Number of the previous commit.
 * @param sequence Its sequence.
 * @param predecessors The sequences it lists itself, newest first.
 */
export function nextPredecessors(n: number, sequence: number, predecessors: readonly number[]): number[] {
  const sequences = predecessorSequences(n, predecessors);
  sequences.set(n, sequence);
  return predecessorNumbers(n + 1).map((number) => sequences.get(number) as number);
}

/** The listed sequences of commit `n` by commit number. */
export function predecessorSequences(n: number, predecessors: readonly number[]): Map<number, number> {
  const numbers = predecessorNumbers(n);
  return new Map(predecessors.map((sequence, index) => [numbers[index] as number, sequence]));
}

/** As stored: the first sequence as it is, then the difference to the next older one. */
export function encodePredecessors(sequences: readonly number[]): number[] {
  return sequences.map((sequence, index) =>
    index === 0 ? sequence : (sequences[index - 1] as number) - sequence,
  );
}

/** The reverse of {@link encodePredecessors}. */
export function decodePredecessors(stored: readonly number[]): number[] {
  let previous = 0;
  return stored.map((value, index) => (previous = index === 0 ? value : previous - value));
}

/** How far commit `n` alone reaches back: it lists what stands in [n − span, n − 1], beside what its elders list as well. */
export function predecessorSpan(n: number): number {
  let span = 1;
  while (n % (span * RADIX) === 0) span *= RADIX;
  return span;
}
