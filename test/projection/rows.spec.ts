import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import type { RowChanges, RowSelection } from '../../src/projection/store/row-tables.js';
import {
  type InMemoryProjectionStore,
  inMemoryProjectionStore,
} from '../../src/testing/in-memory/in-memory-projection-store.js';
import { streamName } from '../../src/event/stream-name.js';
import { OrderPlaced, OrderShipped } from './orders.js';
import { ProjectionBench, inState, quick } from './projection-bench.js';

interface Customer {
  readonly customer: string;
  readonly orders: number;
  readonly amount: number;
}

let bench: ProjectionBench;
let database: InMemoryProjectionStore<object>;
let loads: RowSelection[];
let saves: RowChanges[];

beforeEach(() => {
  bench = new ProjectionBench();
  database = inMemoryProjectionStore();
  loads = [];
  saves = [];
});

afterEach(() => bench.stop());

/** The store, with a look at what is loaded and saved. */
function watched(): InMemoryProjectionStore<object> {
  const { rows } = database;
  Object.assign(database, {
    rows: {
      ...rows,
      load: (tx: object, selection: RowSelection) => (loads.push(selection), rows.load(tx, selection)),
      save: (tx: object, changes: RowChanges) => (saves.push(changes), rows.save(tx, changes)),
    },
  });
  return database;
}

function customers(change: { lanes?: number } = {}): ProjectionDefinition<object> {
  return defineProjection({
    name: 'customers',
    store: watched(),
    table: 'customer',
    keyColumn: 'customer',
    lanes: change.lanes,
    key: {
      OrderPlaced: (event) => event.data.customer,
      OrderShipped: (event) => [event.data.carrier, 'all carriers'],
    },
    events: { OrderPlaced, OrderShipped },
    on: {
      OrderPlaced: (row: Customer | undefined, { data }) =>
        data.amount === 0
          ? undefined
          : {
              customer: data.customer,
              orders: (row?.orders ?? 0) + 1,
              amount: (row?.amount ?? 0) + data.amount,
            },
      OrderShipped: (row, _, { key }) => ({ customer: key, orders: (row?.orders ?? 0) + 1, amount: 0 }),
    },
  });
}

describe('a projection in row style', () => {
  it('reads the rows of a batch once, and writes each that has changed once', async () => {
    for (const customer of ['ada', 'bob', 'ada', 'ada']) await bench.place(customer, 2);
    const projections = await bench.started(customers());
    await projections.waitUntilLive(quick);
    expect(loads.map(({ keys, lock }) => [keys, lock])).toEqual([[['ada', 'bob'], false]]);
    expect(saves).toHaveLength(1);
    expect(database.table('customer').get('ada')).toEqual({ customer: 'ada', orders: 3, amount: 6 });
    const { position } = await bench.place('ada', 1);
    await projections.waitFor('customers', position, quick);
    expect(database.table('customer').get('ada')).toEqual({ customer: 'ada', orders: 4, amount: 7 });
    expect(loads[1]?.keys).toEqual(['ada']);
  });

  it('deletes the row for which a handler returns nothing, also one that the batch has made', async () => {
    await bench.place('ada', 1);
    await bench.place('bob', 1);
    await bench.place('bob', 0);
    const projections = await bench.started(customers());
    await projections.waitUntilLive(quick);
    expect([...database.table('customer').keys()]).toEqual(['ada']);
    const { position } = await bench.place('ada', 0);
    await projections.waitFor('customers', position, quick);
    expect(database.table('customer').size).toBe(0);
    expect(saves.at(-1)?.deletes).toEqual(['ada']);
  });

  it('lets one event change several rows, and events of several categories one row', async () => {
    await bench.place('dhl', 1);
    await bench.log.append(streamName('parcel', '1'), [new OrderShipped('dhl')]);
    await bench.log.append(streamName('letter', '1'), [new OrderShipped('ups')]);
    const projections = await bench.started(customers());
    await projections.waitUntilLive(quick);
    expect(Object.fromEntries(database.table('customer'))).toMatchObject({
      dhl: { orders: 2 },
      ups: { orders: 1 },
      'all carriers': { orders: 2 },
    });
  });

  it('writes nothing when no row has changed', async () => {
    await bench.place('nobody', 0);
    const projections = await bench.started(customers());
    await projections.waitUntilLive(quick);
    expect(saves).toEqual([]);
    expect(database.checkpoint('customers')?.position).toBe('1.0');
  });

  it('adds the key to a row that has none, and stops at a row with another key or a key that is no text', async () => {
    const define = (name: string, key: () => string, row: object): ProjectionDefinition<object> =>
      defineProjection({
        name,
        store: database,
        table: name,
        key,
        events: { OrderPlaced },
        on: { OrderPlaced: () => row },
      });
    await bench.place('ada');
    const projections = await bench.started(
      define('keyless', () => 'k', { n: 1 }),
      define('foreign', () => 'k', { id: 'other' }),
      define('untold', () => undefined as never, {}),
    );
    expect((await inState(projections, 'failed', 1)).error?.message).toContain('column id is another key');
    expect((await inState(projections, 'failed', 2)).error?.message).toContain('key(event) gave no text');
    await projections.waitFor('keyless', '1.0' as never, quick);
    expect(database.table('keyless').get('k')).toEqual({ id: 'k', n: 1 });
  });

  it('is emptied before a rebuild', async () => {
    await bench.place('ada', 1);
    const projections = await bench.started(customers());
    await projections.waitUntilLive(quick);
    await projections.rebuild('customers');
    expect(database.table('customer').get('ada')).toMatchObject({ orders: 1 });
  });

  it('locks its rows when it has several lanes', async () => {
    await bench.place('ada', 1);
    const projections = await bench.started(customers({ lanes: 2 }));
    await projections.waitUntilLive(quick);
    expect(loads.map(({ lock }) => lock)).toEqual([true]);
  });

  it('is refused on a store without rows', () => {
    const store = { transact: database.transact.bind(database) };
    const define = (): unknown =>
      defineProjection({
        name: 'x',
        store,
        table: 't',
        key: () => 'k',
        events: { OrderPlaced },
        on: { OrderPlaced: (row: object | undefined) => row },
      });
    expect(define).toThrow('projection.store must be a store that reads and writes rows');
  });
});

describe('a row', () => {
  it('is frozen, so that a handler that changes it in place is told instead of losing the change', async () => {
    await bench.place('ada', 1);
    const projections = await bench.started(
      defineProjection({
        name: 'changed',
        store: database,
        table: 'changed',
        key: { OrderPlaced: ({ data }) => data.customer },
        events: { OrderPlaced },
        on: {
          OrderPlaced: (row: { orders: number } | undefined, _event) => {
            if (row === undefined) return { orders: 1 };
            row.orders += 1;
            return row;
          },
        },
      }),
    );
    await projections.waitUntilLive(quick);
    await bench.place('ada', 1);
    expect((await inState(projections, 'failed')).error?.message).toContain('read only');
    expect(database.table('changed').get('ada')).toMatchObject({ orders: 1 });
  });

  it('that its table refuses is parked with its event only', async () => {
    for (const customer of ['ada', 'bob', 'cleo', 'bad', 'dora']) await bench.place(customer, 1);
    const store = watched();
    const { rows } = store;
    Object.assign(store, {
      rows: {
        ...rows,
        save: async (tx: object, changes: RowChanges) => {
          if (changes.upserts.some(({ customer }) => customer === 'bad'))
            throw new RangeError('a check failed');
          return rows.save(tx, changes);
        },
      },
    });
    const projections = await bench.started(
      defineProjection({
        name: 'checked',
        store,
        table: 'checked',
        keyColumn: 'customer',
        key: ({ data }) => data.customer,
        onFailure: { maxAttempts: 2, backoffMs: [1], then: 'park' },
        events: { OrderPlaced },
        on: { OrderPlaced: (_: object | undefined, { data }) => ({ customer: data.customer }) },
      }),
    );
    await projections.waitUntilLive(quick);
    expect([...store.table('checked').keys()]).toEqual(['ada', 'bob', 'cleo', 'dora']);
    expect(await projections.parked('checked')).toMatchObject([{ position: '4.0' }]);
  });
});
