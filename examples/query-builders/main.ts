import { PGlite } from '@electric-sql/pglite';
import { streamName } from 'jetsource';
import { inMemoryEventStore } from 'jetsource/testing';
import { buyersByDrizzle } from './drizzle.js';
import { OrderPlaced } from './events.js';
import { customersByKysely } from './kysely.js';

const store = inMemoryEventStore({ events: [OrderPlaced] });
await store.append(streamName('order', '1'), [new OrderPlaced('ada', 1_200)]);
await store.append(streamName('order', '2'), [new OrderPlaced('bob', 300)]);
await store.append(streamName('order', '3'), [new OrderPlaced('ada', 800)]);

const pglite = await PGlite.create();
console.log('by Kysely', await customersByKysely(store, pglite));
console.log('by Drizzle', await buyersByDrizzle(store, pglite));
await pglite.close();
