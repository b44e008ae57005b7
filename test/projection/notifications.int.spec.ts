import { defineProjection } from '../../src/projection/definition/define-projection.js';
import { Projections } from '../../src/projection/projections.js';
import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { Counted, counted } from '../support/order-events.js';

interface Sum {
  readonly name: string;
  readonly sum: number;
  readonly seen: number;
}

it.each([1, 4])(
  'a projection of $bus with %i lanes folds old and new notifications, and no events of streams',
  async (lanes) => {
    const store = await openStore({ name: uniqueStoreName(), events: [Counted] });
    await store.notify(counted(1, 5));
    await store.append('count/1', counted(1_000));
    const database = inMemoryProjectionStore();
    const order: number[] = [];
    const projection = defineProjection({
      name: 'sums',
      store: database,
      categories: ['$bus'],
      lanes,
      table: 'sum',
      keyColumn: 'name',
      events: { Counted },
      key: { Counted: () => 'all' },
      on: {
        Counted: (row: Sum | undefined, { data, position }) => {
          order.push(Number(String(position).split('.')[0]));
          return { name: 'all', sum: (row?.sum ?? 0) + data.n, seen: (row?.seen ?? 0) + 1 };
        },
      },
    });
    const projections = new Projections(store, [projection]);
    await projections.start();
    const { positions } = await store.notify(counted(6, 8));
    const last = positions[2];
    if (last === undefined) throw new TypeError('nothing was stored');
    await projections.waitFor('sums', last);
    expect(database.table('sum').get('all')).toEqual({ name: 'all', sum: 36, seen: 8 });
    const inOrder = order.toSorted((a, b) => a - b);
    expect(lanes === 1 ? order : inOrder).toEqual(inOrder);
    await projections.stop();
  },
);

it('a projection of $bus cannot have a row for each stream: notifications have none', () => {
  const define = (categories: string[]): unknown =>
    defineProjection({
      name: 'sums',
      store: inMemoryProjectionStore(),
      categories,
      table: 'sum',
      key: 'stream',
      keyColumn: 'name',
      events: { Counted },
      on: { Counted: (row: object | undefined) => row },
    });
  expect(() => define(['count'])).not.toThrow();
  expect(() => define(['$bus'])).toThrow(/projection\.categories must be .* not \$bus/);
});
