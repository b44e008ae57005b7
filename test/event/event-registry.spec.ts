import type { CommitEvent } from '../../src/event/commit.js';
import { EventRegistry } from '../../src/event/event-registry.js';
import { Event } from '../../src/event/event-type.js';
import { recordedEvents } from '../../src/event/recorded-event.js';
import { EventRegistrationError, InvalidEventError } from '../../src/event/event-errors.js';
import { commitOf } from './stored-commit.js';

@Event('OrderPlaced')
class OrderPlaced {
  constructor(
    readonly customer: string,
    readonly lines: readonly { sku: string; count: number }[] = [],
  ) {}

  get isEmpty(): boolean {
    return this.lines.length === 0;
  }
}

@Event('OrderShipped', { version: 3 })
class OrderShipped {
  constructor(readonly at = new Date(0).toISOString()) {}
}

class Undeclared {}

@Event('Plain')
class Plain {}

describe('event registry', () => {
  const registry = new EventRegistry([OrderPlaced, OrderShipped]);

  function decoded(stored: CommitEvent): object | undefined {
    return recordedEvents(commitOf([stored]), registry)[0]?.data;
  }

  it('stores an event under its declared name and schema version', () => {
    expect(registry.encode(new OrderPlaced('ada'))).toEqual({
      type: 'OrderPlaced',
      schemaVersion: 1,
      data: { customer: 'ada', lines: [] },
    });
    expect(registry.encode(new OrderShipped()).schemaVersion).toBe(3);
  });

  it('decodes to an instance of the class, with its methods', () => {
    const event = decoded(registry.encode(new OrderPlaced('ada', [{ sku: 'x', count: 2 }])));
    expect(event).toBeInstanceOf(OrderPlaced);
    expect(event).toEqual(new OrderPlaced('ada', [{ sku: 'x', count: 2 }]));
    expect((event as OrderPlaced).isEmpty).toBe(false);
  });

  it('copies the data of the event', () => {
    const lines = [{ sku: 'x', count: 1 }];
    const encoded = registry.encode(new OrderPlaced('ada', lines));
    lines[0]!.count = 99;
    lines.push({ sku: 'y', count: 1 });
    expect(encoded.data).toEqual({ customer: 'ada', lines: [{ sku: 'x', count: 1 }] });
  });

  it('does not let stored data change the prototype of an event', () => {
    const data = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":"x","customer":"eve"}') as object;
    const event = decoded({ type: 'OrderPlaced', schemaVersion: 1, data });
    expect(event).toBeInstanceOf(OrderPlaced);
    expect((event as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('reads data from before a field became a getter', () => {
    const data = { customer: 'ada', lines: [], isEmpty: 'stored' };
    expect(decoded({ type: 'OrderPlaced', schemaVersion: 1, data })).toMatchObject({
      isEmpty: 'stored',
    });
  });

  it('lists names in the given order', () => {
    expect(registry.names).toEqual(['OrderPlaced', 'OrderShipped']);
    expect(registry.nameOf(OrderShipped)).toBe('OrderShipped');
  });

  it('rejects two classes with one name, and names both', () => {
    @Event('OrderPlaced')
    class Impostor {}
    expect(() => new EventRegistry([OrderPlaced, Impostor])).toThrow(
      new EventRegistrationError('event type OrderPlaced is registered twice, by OrderPlaced and Impostor'),
    );
  });

  it('rejects a class that is given twice', () => {
    expect(() => new EventRegistry([OrderPlaced, OrderPlaced])).toThrow(EventRegistrationError);
  });

  it('rejects a class without an event type, and names the class', () => {
    expect(() => new EventRegistry([Undeclared])).toThrow(/class Undeclared has no event type/);
  });

  it('does not inherit the event type of a base class', () => {
    class RushOrderPlaced extends OrderPlaced {}
    expect(() => new EventRegistry([RushOrderPlaced])).toThrow(/RushOrderPlaced has no event type/);
    expect(() => registry.encode(new RushOrderPlaced('ada'))).toThrow(/RushOrderPlaced is not registered/);
  });

  it('rejects an event of an unregistered class, and names the registered ones', () => {
    expect(() => registry.encode(new Undeclared())).toThrow(
      /Undeclared is not registered.*OrderPlaced, OrderShipped/,
    );
    expect(() => registry.nameOf(Undeclared)).toThrow(EventRegistrationError);
  });

  it.each([
    ['a plain object', {}, EventRegistrationError],
    ['an object without prototype', Object.create(null), EventRegistrationError],
    ['a list', [], EventRegistrationError],
    ['null', null, InvalidEventError],
    ['text', 'OrderPlaced', InvalidEventError],
    ['undefined', undefined, InvalidEventError],
  ])('rejects %s as an event', (_, event, error) => {
    expect(() => registry.encode(event as object)).toThrow(error);
  });

  it.each([
    ['bytes', Uint8Array.of(0xff, 0x00)],
    ['a Buffer', Buffer.from([0xff, 0x00])],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
  ])('rejects %s, which JSON would change silently', (_, payload) => {
    const type = { payload: { deep: [payload] } };
    expect(() => new EventRegistry([Plain]).encode(Object.assign(new Plain(), type))).toThrow(
      /Plain cannot be stored: payload\.deep\[0\] is a/,
    );
  });

  it('rejects values that JSON cannot hold', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => registry.encode(new OrderPlaced('ada', circle as never))).toThrow(InvalidEventError);
    expect(() => registry.encode(new OrderPlaced(10n as never))).toThrow(InvalidEventError);
  });

  it.each([
    ['text', 'x'],
    ['a list', [1]],
    ['null', null],
    ['nothing', undefined],
  ])('rejects an event whose toJSON returns %s', (_, json) => {
    @Event('Odd')
    class Odd {
      toJSON(): unknown {
        return json;
      }
    }
    expect(() => new EventRegistry([Odd]).encode(new Odd())).toThrow(InvalidEventError);
  });
});

describe('@Event', () => {
  it('rejects an empty name', () => {
    expect(() => Event('')).toThrow(EventRegistrationError);
    expect(() => Event(undefined as never)).toThrow(EventRegistrationError);
  });

  it.each([0, -1, 1.5, Number.NaN, '1'])('rejects the schema version %p', (version) => {
    expect(() => Event('A', { version: version as number })).toThrow(EventRegistrationError);
  });
});
