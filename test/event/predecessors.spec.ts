import fc from 'fast-check';
import {
  encodePredecessors,
  isPredecessorList,
  nextPredecessors,
  predecessorCount,
  predecessorNumbers,
  predecessorSequences,
} from '../../src/event/predecessors.js';

/**
 * The definition in docs/wire-format.md: every u < n for which a k exists with 16^k dividing u and u ≥
 * ⌊(n−1)/16^(k+1)⌋·16^(k+1).
 */
function byDefinition(n: number): number[] {
  const listed: number[] = [];
  for (let u = n - 1; u >= 1; u -= 1) {
    const isListed = [1, 16, 256, 4_096].some(
      (power) => u % power === 0 && u >= Math.floor((n - 1) / (power * 16)) * (power * 16),
    );
    if (isListed) listed.push(u);
  }
  return listed;
}

/** For commits 1 to 5000, at index n − 1. */
const DEFINITIONS = upTo(5_000).map(byDefinition);

/** Any increasing sequences will do. */
function sequenceOf(number: number): number {
  return number * 7 + Math.floor(number / 3);
}

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

describe('predecessors of a commit', () => {
  it('match the definition, for commits 1 to 5000', () => {
    expect(upTo(5_000).filter((n) => !isEqual(predecessorNumbers(n), DEFINITIONS[n - 1] ?? []))).toEqual([]);
  });

  it.each([
    [1, []],
    [2, [1]],
    [16, [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]],
    [17, [16]],
    [32, [31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16]],
    [33, [32, 16]],
    [257, [256]],
    [258, [257, 256]],
    [4097, [4096]],
  ])('of commit %i are %j', (n, numbers) => {
    expect(predecessorNumbers(n)).toEqual(numbers);
  });

  it('can be computed from the previous commit alone, for commits 1 to 5000', () => {
    let sequences: number[] = [];
    const wrong = upTo(4_999).filter((n) => {
      sequences = nextPredecessors(n, sequenceOf(n), sequences);
      return !isEqual(sequences, encodePredecessors((DEFINITIONS[n] ?? []).map(sequenceOf)));
    });
    expect(wrong).toEqual([]);
  });

  it('can be counted without listing them', () => {
    expect(upTo(10_000).filter((n) => predecessorCount(n) !== predecessorNumbers(n).length)).toEqual([]);
  });

  it('stay few in a very long stream', () => {
    expect(predecessorNumbers(10_000_000).length).toBeLessThan(16 * 6);
    expect(predecessorNumbers(16 ** 6 + 1)).toEqual([16 ** 6]);
  });

  it('reach all earlier commits from any commit', () => {
    for (const n of [1, 2, 16, 17, 255, 256, 257, 300, 4_095, 4_096, 4_097, 4_500]) {
      const reached = new Set<number>();
      const open = [n];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        for (const number of predecessorNumbers(next)) {
          if (!reached.has(number)) open.push(number);
          reached.add(number);
        }
      }
      expect(reached.size).toBe(n - 1);
    }
  });

  it('are mapped to their commit numbers', () => {
    expect([...predecessorSequences(33, [900, 400])]).toEqual([
      [32, 900],
      [16, 500],
    ]);
  });

  it('are restored from their encoded form', () => {
    const lists = fc.integer({ min: 1, max: 100_000 }).chain((n) => {
      const count = predecessorCount(n);
      return fc
        .uniqueArray(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), {
          minLength: count,
          maxLength: count,
        })
        .map((sequences) => ({ n, sequences: sequences.toSorted((a, b) => b - a) }));
    });
    fc.assert(
      fc.property(lists, ({ n, sequences }) => {
        const stored = encodePredecessors(sequences);
        expect(isPredecessorList(n, stored)).toBe(true);
        expect([...predecessorSequences(n, stored).values()]).toEqual(sequences);
      }),
    );
  });

  it('are encoded as one sequence and differences', () => {
    expect(encodePredecessors([1_000, 990, 400])).toEqual([1_000, 10, 590]);
    expect(encodePredecessors([])).toEqual([]);
  });
});
