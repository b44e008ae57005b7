import { EventRegistry } from '../../src/event/event-registry.js';
import { InvalidEventError } from '../../src/event/event-errors.js';
import { type Metadata, plainMetadata } from '../../src/event/metadata.js';
import { copyPlainJson, PlainJsonFault } from '../../src/event/plain-json.js';
import { eventType } from '../../src/event/plain-event-type.js';

class Private {
  #amount = 5;

  get amount(): number {
    return this.#amount;
  }
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { in: value };
  return value;
}

const REFUSED: [string, unknown][] = [
  ['a promise', Promise.resolve(5)],
  ['an error', new Error('declined')],
  ['a pattern', /a/g],
  ['a weak map', new WeakMap()],
  ['search parameters', new URLSearchParams('a=1')],
  ['headers', new Headers({ a: 'b' })],
  ['an iterator', [1][Symbol.iterator]()],
  ['an instance with private state', new Private()],
  ['-0', -0],
  ['NaN', Number.NaN],
  ['a big integer', 1n],
  ['a date', new Date(0)],
  ['a map', new Map([[1, 2]])],
  ['a set', new Set([1])],
  ['numbers of an array buffer', new Float64Array([1.5])],
  ['an array buffer', new ArrayBuffer(1)],
  ['undefined in a list', [1, undefined]],
  // oxlint-disable-next-line no-sparse-arrays -- JSON turns a hole into null
  ['a hole in a list', [1, , 2]],
  ['a list with more than items', Object.assign([1], { note: 1 })],
  ['a list of a class', new (class Lines extends Array<number> {})()],
  ['a boxed number', Object(1)],
  ['half a surrogate pair', 'a\ud800b'],
  ['half a surrogate pair in a key', { '\ud800': 1 }],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a symbol as a key', { [Symbol('s')]: 1 }],
  ['an object with toJSON', { toJSON: () => 1 }],
  ['what inherits', Object.create({ a: 1 })],
  ['10,000 levels', nested(10_000)],
];

const KEPT: [string, unknown][] = [
  ['a key __proto__', JSON.parse('{"__proto__":{"admin":true}}')],
  ['odd keys', { '': 1, 'a.*': 2 }],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['100 levels', nested(100)],
  ['a whole surrogate pair', '😀'],
  ['scalars', [null, true, 1.5, -1, '', 1e300]],
];

const noted = eventType<'Noted', { value: unknown }>({ name: 'Noted' });
const registry = new EventRegistry([noted]);

describe('what is stored', () => {
  it.each(REFUSED)('cannot be %s in data, metadata or a snapshot: the path is named', (_, value) => {
    expect(() => registry.encode(noted.create({ value }))).toThrow(InvalidEventError);
    expect(() => registry.encode(noted.create({ value }))).toThrow(/^Noted cannot be stored: value/);
    expect(() => plainMetadata({ value } as Metadata)).toThrow(InvalidEventError);
    expect(() => plainMetadata({ value } as Metadata)).toThrow(/^metadata\.value/);
    expect(() => copyPlainJson({ value }, { root: 'state' })).toThrow(PlainJsonFault);
  });

  it.each(KEPT)('can be %s, and is read back as it was', (_, value) => {
    const { data } = registry.encode(noted.create({ value }));
    expect(JSON.parse(JSON.stringify(data))).toEqual({ value });
    expect(JSON.stringify(data)).toBe(JSON.stringify({ value }));
    expect(JSON.stringify(plainMetadata({ value } as Metadata))).toBe(JSON.stringify({ value }));
  });

  it('shares nothing with what was given', () => {
    const lines = [{ count: 1 }];
    const { data } = registry.encode(noted.create({ value: lines }));
    lines[0] = { count: 2 };
    expect(data).toEqual({ value: [{ count: 1 }] });
  });

  it('cannot contain itself', () => {
    const value: unknown[] = [];
    value.push({ value });
    expect(() => registry.encode(noted.create({ value }))).toThrow(/value\[0\]\.value contains itself/);
  });

  it('names a getter that throws', () => {
    const value = {
      get total(): number {
        throw new TypeError('no items');
      },
    };
    expect(() => registry.encode(noted.create({ value }))).toThrow(
      'Noted cannot be stored: value.total cannot be read: no items',
    );
    expect(() => plainMetadata({ value } as unknown as Metadata)).toThrow(InvalidEventError);
  });

  it('cannot be an instance of an undeclared class in place of plain data', () => {
    expect(() => registry.encode({ type: 'Noted', data: new Private() })).toThrow(InvalidEventError);
    expect(() => registry.encode({ type: 'Noted', data: new Map() })).toThrow(InvalidEventError);
  });

  it('cannot hide in a declared field', () => {
    const paid = eventType<'Paid', { value: unknown }>({ name: 'Paid', fields: { 'value.at': 'date' } });
    const types = new EventRegistry([paid]);
    expect(() => types.encode(paid.create({ value: new Map([['at', new Date(0)]]) }))).toThrow(
      /value is a Map/,
    );
  });

  it.each(['not a time', '', '2026', '01/02/2026', '2026-13-01T00:00:00Z'])(
    'has no occurredAt like %j',
    (occurredAt) => {
      expect(() => plainMetadata({ occurredAt })).toThrow(/occurredAt must be a time in ISO 8601/);
    },
  );
});
