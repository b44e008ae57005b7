import fc from 'fast-check';
import type { CommitEvent } from '../../src/event/commit.js';
import { EventRegistry } from '../../src/event/event-registry.js';
import { Event } from '../../src/event/event-type.js';
import { eventType } from '../../src/event/plain-event-type.js';
import { recordedEvents } from '../../src/event/recorded-event.js';
import { EventRegistrationError, InvalidEventError } from '../../src/event/event-errors.js';
import { commitOf } from './stored-commit.js';

interface Paid {
  readonly at: Date;
  readonly cents: bigint;
  readonly receipt?: Uint8Array | undefined;
  readonly lines: readonly { readonly due: Date; readonly tags: Readonly<Record<string, bigint>> }[];
}

const paid = eventType<'Paid', Paid>({
  name: 'Paid',
  fields: {
    at: 'date',
    cents: 'bigint',
    receipt: 'bytes',
    'lines.*.due': 'date',
    'lines.*.tags.*': 'bigint',
  },
});
const registry = new EventRegistry([paid]);

/** Encodes as JSON text and decodes again, as the log does. */
function afterStorage(stored: CommitEvent, types = registry): object | undefined {
  const read = JSON.parse(JSON.stringify(stored)) as CommitEvent;
  return recordedEvents(commitOf([read]), types)[0]?.data;
}

const date = fc.date({ noInvalidDate: true });
const data = fc.record({
  at: date,
  cents: fc.bigInt(),
  receipt: fc.uint8Array(),
  lines: fc.array(
    fc.record({
      due: date,
      tags: fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        fc.bigInt(),
      ),
    }),
  ),
});

describe('declared fields', () => {
  it('are read back as dates, big integers and bytes', () => {
    fc.assert(
      fc.property(data, (given) => {
        expect(afterStorage(registry.encode(paid.create(given)))).toEqual(given);
      }),
    );
  });

  it('are stored as text: ISO 8601, decimal, base64', () => {
    const given = { at: new Date(0), cents: -12n, receipt: Uint8Array.of(255, 0), lines: [] };
    expect(registry.encode(paid.create(given)).data).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      cents: '-12',
      receipt: '/wA=',
      lines: [],
    });
  });

  it('can be absent', () => {
    const given = { at: new Date(0), cents: 1n, lines: [] };
    expect(afterStorage(registry.encode(paid.create(given)))).toEqual(given);
  });

  it('do not change the given event', () => {
    const given = { at: new Date(5), cents: 1n, lines: [] };
    registry.encode(paid.create(given));
    expect(given.at).toEqual(new Date(5));
  });

  it('work with instances of a class', () => {
    @Event('Opened', { fields: { at: 'date' } })
    class Opened {
      constructor(readonly at: Date) {}
    }
    const types = new EventRegistry([Opened]);
    const event = afterStorage(types.encode(new Opened(new Date(7))), types);
    expect(event).toBeInstanceOf(Opened);
    expect(event).toEqual(new Opened(new Date(7)));
  });

  it.each([
    ['a text', { at: '2026-01-01', cents: 1n, lines: [] }, 'at must be a valid Date'],
    ['an invalid date', { at: new Date(Number.NaN), cents: 1n, lines: [] }, 'at must be a valid Date'],
    ['a number', { at: new Date(0), cents: 1, lines: [] }, 'cents must be a bigint'],
  ])('are rejected as %s', (_, given, message) => {
    const encode = (): unknown => registry.encode({ type: 'Paid', data: given });
    expect(encode).toThrow(InvalidEventError);
    expect(encode).toThrow(message);
  });

  it.each([
    ['a path with an empty key', { 'a..b': 'date' }],
    ['an empty path', { '': 'date' }],
    ['an unknown kind', { a: 'decimal' }],
  ])('are rejected at the declaration: %s', (_, fields) => {
    expect(() => eventType({ name: 'Odd', fields: fields as never })).toThrow(EventRegistrationError);
  });
});

describe('a field that is not declared', () => {
  const noted = eventType<'Noted', { value: unknown }>({ name: 'Noted' });

  it.each([
    ['a Date', new Date(0), /value is a Date; declare it/],
    ['a bigint', 1n, /value is a bigint; declare it/],
    ['bytes', Uint8Array.of(1), /value is a Uint8Array; declare it/],
  ])('is rejected as %s, which JSON would change', (_, value, message) => {
    const encode = (): unknown => new EventRegistry([noted]).encode(noted.create({ value }));
    expect(encode).toThrow(InvalidEventError);
    expect(encode).toThrow(message);
  });
});

describe('a custom codec', () => {
  class Money {
    constructor(readonly cents: number) {}
  }
  const priced = eventType<'Priced', { price: Money }>({
    name: 'Priced',
    codec: {
      toJson: ({ price }) => ({ price: price.cents }),
      fromJson: (json) => ({ price: new Money((json as { price: number }).price) }),
    },
  });

  it('restores the data that it stored', () => {
    const types = new EventRegistry([priced]);
    const stored = types.encode(priced.create({ price: new Money(5) }));
    expect(stored.data).toEqual({ price: 5 });
    expect(afterStorage(stored, types)).toEqual({ price: new Money(5) });
  });

  it('cannot be combined with fields', () => {
    const codec = { toJson: (x: object) => x, fromJson: (x: object) => x };
    expect(() => eventType({ name: 'Both', codec, fields: { a: 'date' } })).toThrow(
      /Both: fields and codec exclude each other/,
    );
  });
});
