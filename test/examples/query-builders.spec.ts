import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { streamName } from 'jetsource';
import { inMemoryEventStore } from 'jetsource/testing';
import { buyersByDrizzle } from '../../examples/query-builders/drizzle.js';
import { OrderPlaced } from '../../examples/query-builders/events.js';
import { customersByKysely } from '../../examples/query-builders/kysely.js';

let pglite: PGlite;

beforeAll(async () => {
  pglite = await PGlite.create();
});
afterAll(() => pglite.close());

async function storeWithOrders(): Promise<ReturnType<typeof inMemoryEventStore>> {
  const store = inMemoryEventStore({ events: [OrderPlaced] });
  await store.append(streamName('order', '1'), [new OrderPlaced('ada', 1_200)]);
  await store.append(streamName('order', '2'), [new OrderPlaced('bob', 300)]);
  await store.append(streamName('order', '3'), [new OrderPlaced('ada', 800)]);
  return store;
}

describe('a projection with handlers that use a query builder', () => {
  it('works with Kysely', async () => {
    expect(await customersByKysely(await storeWithOrders(), pglite)).toEqual([
      { name: 'ada', orders: 2, total_cents: 2_000 },
      { name: 'bob', orders: 1, total_cents: 300 },
    ]);
  });

  it('works with Drizzle', async () => {
    expect(await buyersByDrizzle(await storeWithOrders(), pglite)).toEqual([
      { name: 'ada', orders: 2, totalCents: 2_000 },
      { name: 'bob', orders: 1, totalCents: 300 },
    ]);
  });

  it.each(['with-kysely.ts', 'with-drizzle.ts'])('takes an adapter of 30 lines at most: %s', (file) => {
    const text = readFileSync(new URL(`../../examples/query-builders/${file}`, import.meta.url), 'utf8');
    expect(text.trim().split('\n').length).toBeLessThanOrEqual(30);
  });
});
