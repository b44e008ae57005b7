import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { BloomFilter } from '../../src/kernel/bloom-filter.js';

function filterOf(texts: Iterable<string>): BloomFilter {
  const filter = new BloomFilter();
  for (const text of texts) filter.add(text);
  return filter;
}

function copyOf(filter: BloomFilter): BloomFilter {
  return BloomFilter.fromJSON(JSON.parse(JSON.stringify(filter)) as ReturnType<BloomFilter['toJSON']>);
}

describe('a Bloom filter', () => {
  it('has whatever was added, also after it went through JSON and grew on', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 900 }), fc.nat(900), (texts, cut) => {
        const filter = filterOf(texts.slice(0, cut));
        JSON.stringify(filter);
        const copy = copyOf(filter);
        for (const text of texts.slice(cut)) {
          filter.add(text);
          copy.add(text);
        }
        expect(texts.filter((text) => !filter.has(text) || !copy.has(text))).toEqual([]);
        expect(copyOf(filter).toJSON()).toEqual(copy.toJSON());
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['ids of commands in a row', (n: number) => `command-${n}`],
    ['uuids', () => randomUUID()],
  ])('takes less than 1 of 100 others for its own, and 3 bytes a text at most: %s', (_, textOf) => {
    const count = 20_000;
    const texts = Array.from({ length: count }, (__, n) => textOf(n));
    const filter = filterOf(texts);
    expect(texts.filter((text) => !filter.has(text))).toEqual([]);
    const others = Array.from({ length: 5_000 }, (__, n) => textOf(count + n));
    expect(others.filter((text) => filter.has(text)).length / others.length).toBeLessThan(0.01);
    expect(filter.bytes).toBeLessThanOrEqual(3 * count);
    expect(filter.size).toBeGreaterThan(0.98 * count);
  });

  it('that is empty has nothing', () => {
    expect(new BloomFilter().has('')).toBe(false);
    expect(copyOf(new BloomFilter())).toMatchObject({ size: 0, bytes: 0 });
  });

  it('is not made from what no filter gave', () => {
    const { size, layers } = filterOf(['a', 'b']).toJSON();
    for (const wrong of [
      { size: -1, layers },
      { size: 257, layers },
      { size: 1.5, layers },
      { size, layers: [] },
      { size, layers: [...layers, ...layers] },
      { size, layers: ['AAAA'] },
    ]) {
      expect(() => BloomFilter.fromJSON(wrong)).toThrow('size');
    }
  });
});
