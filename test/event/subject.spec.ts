import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { slotOf, SLOTS } from '../../src/event/slot.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { decodeSubjectToken, encodeSubjectToken } from '../../src/event/subject-token.js';
import { notificationStream, slotOfCommit } from '../../src/event/notification.js';
import {
  categoryOfSubject,
  isNamedBy,
  storeSubjects,
  subjectOf,
  subjectOfCommit,
} from '../../src/event/subject.js';
import { InvalidStreamNameError } from '../../src/event/event-errors.js';

const HOSTILE = [
  '.',
  ' ',
  '*',
  '>',
  '/',
  '%',
  '%2E',
  '\\',
  '$',
  '\t',
  '\r\n',
  '\u0000',
  '\u007f',
  '"',
  'ä',
  '漢',
  '🦜',
  '\u202e',
  '..',
  '+',
  '#',
  "'",
  '(',
  ')',
  '!',
  '~',
];
const hostileId = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 3 })), {
    minLength: 1,
    maxLength: 30,
  })
  .map((parts) => parts.join(''))
  .filter((id) => id !== '');

function commitIn(stream: StreamName): { stream: StreamName; commitId: string } {
  return { stream, commitId: '0198f3c2-7a11-7cc3-9a55-3a1f6b2c9d01' };
}

describe('the subject of a stream', () => {
  it('is store, slot, category and id', () => {
    expect(subjectOf('shop', streamName('order', '42'))).toBe(
      `shop.${slotOf(streamName('order', '42'))}.order.42`,
    );
  });

  it('has the id as one token of letters, digits, - _ ~ and %, which can be decoded', () => {
    fc.assert(
      fc.property(hostileId, (id) => {
        const token = encodeSubjectToken(id);
        expect(token).toMatch(/^[A-Za-z0-9_~%-]+$/);
        expect(decodeSubjectToken(token)).toBe(id);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has exactly four tokens for any id', () => {
    fc.assert(
      fc.property(hostileId, (id) => {
        const subject = subjectOf('shop', streamName('order', id));
        expect(subject.split('.')).toHaveLength(4);
        expect(categoryOfSubject(subject)).toBe('order');
      }),
    );
  });

  it('is different for any two ids', () => {
    fc.assert(
      fc.property(hostileId, hostileId, (a, b) => {
        expect(subjectOf('shop', streamName('order', a)) === subjectOf('shop', streamName('order', b))).toBe(
          a === b,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['a.b', 'a%2Eb'],
    ['a b', 'a%20b'],
    ['*', '%2A'],
    ['>', '%3E'],
    ['a%2Eb', 'a%252Eb'],
    ["(it's)!", '%28it%27s%29%21'],
    ['ä', '%C3%A4'],
    ['$SYS', '%24SYS'],
    ['a-b_c~d', 'a-b_c~d'],
  ])('encodes the id %j as %s', (id, token) => {
    expect(encodeSubjectToken(id)).toBe(token);
  });

  it('is distinguished from the subjects of other streams', () => {
    const own = streamName('order', 'a.b');
    expect(isNamedBy(subjectOf('shop', own), commitIn(own))).toBe(true);
    for (const other of [
      streamName('order', 'a%2Eb'),
      streamName('order', 'b'),
      streamName('payment', 'a.b'),
    ]) {
      expect(isNamedBy(subjectOf('shop', other), commitIn(own))).toBe(false);
      expect(isNamedBy(subjectOf('shop', own), commitIn(other))).toBe(false);
    }
    // the id must not be parsed as category and id
    expect(isNamedBy('shop.order.x.y', commitIn(streamName('order', 'x.y')))).toBe(false);
    // nor the slot of another stream
    const slot = slotOf(own);
    expect(isNamedBy(`shop.${slot + 1}.order.a%2Eb`, commitIn(own))).toBe(false);
    expect(isNamedBy(`shop.${slot}.order.a%2Eb`, commitIn(own))).toBe(true);
  });

  it('of a notification has the slot of its commit id, and its event type', () => {
    const stream = notificationStream('Price.changed > *');
    const commit = { stream, commitId: '0198f3c2-7a11-7cc3-9a55-3a1f6b2c9d01' };
    const subject = 'shop.40.$bus.Price%2Echanged%20%3E%20%2A';
    expect(subjectOfCommit('shop', commit)).toBe(subject);
    expect(isNamedBy(subject, commit)).toBe(true);
    expect(isNamedBy(subject, { ...commit, commitId: '0198f3c2-7a11-7cc3-9a55-3a1f6b2c9d02' })).toBe(false);
    expect(isNamedBy(subject, { ...commit, stream: notificationStream('Price') })).toBe(false);
    const slots = Array.from({ length: 2_000 }, () => slotOfCommit({ stream, commitId: randomUUID() }));
    expect(new Set(slots).size).toBe(64);
  });

  it('is captured by the JetStream stream of the store', () => {
    expect(storeSubjects('shop')).toBe('shop.*.*.*');
    expect(categoryOfSubject('shop.order.42')).toBeUndefined();
    expect(categoryOfSubject('shop.1.order.42.more')).toBeUndefined();
  });
});

describe('stream', () => {
  it.each([
    ['an empty id', ''],
    ['a null id', null],
    ['an undefined id', undefined],
    ['a number', 42],
    ['an object', { toString: () => '42' }],
    ['half a surrogate pair', 'a\ud83e'],
    ['the other half', '\udd9cb'],
    ['more than 1,024 bytes', 'x'.repeat(1_025)],
    ['more than 1,024 bytes once encoded', 'ä'.repeat(171)],
  ])('rejects %s as an id', (_, id) => {
    expect(() => streamName('order', id as string)).toThrow(InvalidStreamNameError);
  });

  it('accepts an id of 1,024 bytes once encoded', () => {
    expect(streamName('order', 'x'.repeat(1_024)).id).toHaveLength(1_024);
    expect(subjectOf('shop', streamName('order', 'ä'.repeat(170)))).toContain('%C3%A4');
  });

  it.each(['', '$bus', 'a.b', 'a b', '*', '>', 'a/b', '1order', '-order', 'ordér', 'x'.repeat(65), null, 7])(
    'rejects the category %j',
    (category) => {
      expect(() => streamName(category as string, '42')).toThrow(InvalidStreamNameError);
    },
  );

  it('is written as category and id', () => {
    expect(String(streamName('order', '42'))).toBe('order/42');
  });
});

describe('the slot of a stream', () => {
  // Slots are part of stored subjects. If this test fails, existing streams are no longer found.
  it.each([
    ['order', '42', 25],
    ['order', 'a.b', 14],
    ['customer', 'Ådne Ærø', 41],
    ['stock', 'sku-1', 7],
    ['order', '🦜', 19],
  ])('of %s/%s never changes', (category, id, slot) => {
    expect(slotOf(streamName(category, id))).toBe(slot);
  });

  it('is 0 to 63', () => {
    fc.assert(
      fc.property(hostileId, (id) => {
        const slot = slotOf(streamName('order', id));
        expect(Number.isInteger(slot) && slot >= 0 && slot < SLOTS).toBe(true);
      }),
    );
    expect(SLOTS).toBe(64);
  });

  it('distributes consecutive ids over all slots', () => {
    const counts = new Map<number, number>();
    for (let id = 0; id < 64_000; id += 1) {
      const slot = slotOf(streamName('order', String(id)));
      counts.set(slot, (counts.get(slot) ?? 0) + 1);
    }
    expect(counts.size).toBe(64);
    expect(Math.max(...counts.values())).toBeLessThan(1_500);
    expect(Math.min(...counts.values())).toBeGreaterThan(600);
  });
});
