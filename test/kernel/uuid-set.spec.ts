import { randomUUID } from 'node:crypto';
import { v5 as nameBasedUuid } from 'uuid';
import { UuidSet } from '../../src/kernel/uuid-set.js';

const NAMESPACE = randomUUID();

describe('a set of UUIDs', () => {
  it.each([
    ['random', () => randomUUID()],
    ['name-based', (n: number) => nameBasedUuid(`order/1#command-${n}`, NAMESPACE)],
  ])('has whatever was added and nothing else, in 11 bytes each: %s', (_, uuidOf) => {
    const count = 50_000;
    const ids = Array.from({ length: 2 * count }, (__, n) => uuidOf(n));
    const set = new UuidSet();
    for (const id of ids.slice(0, count)) set.add(id);
    expect(ids.slice(0, count).filter((id) => !set.has(id))).toEqual([]);
    expect(ids.slice(count).filter((id) => set.has(id))).toEqual([]);
    expect(set.bytes).toBeLessThan(11 * count);
  });

  it('takes no more memory for ids that are added again', () => {
    const ids = Array.from({ length: 192 }, () => randomUUID());
    const set = new UuidSet();
    for (const id of ids) set.add(id);
    const { bytes } = set;
    for (const id of ids) set.add(id);
    expect(set.bytes).toBe(bytes);
  });

  it('is empty at first', () => {
    expect(new UuidSet().has(randomUUID())).toBe(false);
    expect(new UuidSet().bytes).toBe(0);
  });

  it('keeps ids apart that differ in what is kept, or in where they stand', () => {
    const set = new UuidSet();
    const id = randomUUID();
    set.add(id);
    const last = id.endsWith('0') ? '1' : '0';
    expect(set.has(`${id.slice(0, -1)}${last}`)).toBe(false);
  });

  it('has an id whose kept bits are all zero', () => {
    const set = new UuidSet();
    set.add('00000000-0000-5000-8000-000000000000');
    expect(set.has('00000000-0000-5000-8000-000000000000')).toBe(true);
  });
});
