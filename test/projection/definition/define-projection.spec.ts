import { InvalidOptionError } from '../../../src/kernel/invalid-option-error.js';
import { defineProjection } from '../../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../../src/projection/definition/projection-definition.js';
import { inMemoryProjectionStore } from '../../../src/testing/in-memory/in-memory-projection-store.js';
import { OrderPlaced, OrderShipped } from '../orders.js';

const handler = (): void => undefined;
const store = inMemoryProjectionStore(new Map<string, number>());

function define(change: object = {}): ProjectionDefinition {
  const options = {
    name: 'order-summary',
    categories: ['order'],
    store,
    clear: async () => undefined,
    events: { OrderPlaced },
    on: { OrderPlaced: handler },
  };
  return defineProjection({ ...options, ...change });
}

function refusedOption(change: object): string | undefined {
  try {
    define(change);
  } catch (error) {
    if (error instanceof InvalidOptionError) return error.option;
  }
  return undefined;
}

describe('defineProjection', () => {
  it('links handlers to the stored names of their classes', () => {
    const definition = define({
      events: { Placed: OrderPlaced, OrderShipped },
      on: { Placed: handler, OrderShipped: handler },
    });
    expect([...definition.events]).toEqual([
      ['OrderPlaced', OrderPlaced],
      ['OrderShipped', OrderShipped],
    ]);
    expect(definition.version).toBe(1);
  });

  it('refuses options that cannot work, and names them', () => {
    expect(refusedOption({ name: 'order summary' })).toBe('projection.name');
    expect(refusedOption({ version: 0 })).toBe('projection.version');
    expect(refusedOption({ version: 1.5 })).toBe('projection.version');
    expect(refusedOption({ categories: [] })).toBe('projection.categories');
    expect(refusedOption({ categories: ['$sys'] })).toBe('projection.categories');
    expect(refusedOption({ categories: ['order', '$timer'] })).toBe('projection.categories');
    expect(refusedOption({ categories: ['order', '$bus'] })).toBeUndefined();
    expect(refusedOption({ retries: 3 })).toBe('projection.retries');
    expect(refusedOption({ on: {} })).toBe('projection.on.OrderPlaced');
    expect(refusedOption({ on: { OrderPlaced: handler, OrderPlace: handler } })).toBe(
      'projection.on.OrderPlace',
    );
    expect(refusedOption({ store: undefined })).toBe('projection.store');
    expect(refusedOption({ store: {} })).toBe('projection.store');
    expect(refusedOption({ setUp: 'create table' })).toBe('projection.setUp');
    expect(refusedOption({ clear: undefined })).toBe('projection.clear');
    expect(refusedOption({ events: [OrderPlaced] })).toBe('projection.events');
    expect(refusedOption({ events: { OrderPlaced: 'OrderPlaced' } })).toBe('projection.events.OrderPlaced');
    expect(refusedOption({ on: undefined })).toBe('projection.on');
    const twice = { events: { A: OrderPlaced, B: OrderPlaced }, on: { A: handler, B: handler } };
    expect(refusedOption(twice)).toBe('projection.on.B');
  });

  it('answers an option that does not exist with the list of those that do', () => {
    const all =
      'name, version, categories, events, on, from, onFailure, onCorrupt, readFrom, store, lanes, setUp, clear';
    expect(() => define({ retries: 3 })).toThrow(`projection.retries must be one of ${all}`);
    expect(() => define({ on: { OrderPlace: handler } })).toThrow('one of OrderPlaced');
    expect(() => defineProjection(7 as never)).toThrow(`projection must be an object with some of ${all}`);
  });

  it('gives handlers typed events and transactions', () => {
    defineProjection({
      name: 'typed',
      store,
      clear: async (model) => model.clear(),
      events: { OrderPlaced },
      on: {
        OrderPlaced: ({ data }, model) => {
          model.set(data.customer, data.amount);
          // @ts-expect-error -- no such field
          void data.price;
        },
      },
    });
    const common = { name: 'x', store, clear: async (): Promise<void> => undefined, events: { OrderPlaced } };
    // @ts-expect-error -- the handler of a class is missing
    const missing = (): unknown => defineProjection({ ...common, on: {} });
    expect(missing).toThrow('projection.on.OrderPlaced');
  });
});
