import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';

// A program that leaves readers in the middle, closes its store, and has nothing left to do. Arguments: the URL of the server, and the id of its
// process where that is to be frozen before.
const [, , servers = '', server = ''] = process.argv;
const store = await connectEventStore({ servers, name: `leave-${process.pid}`, events: ORDER_EVENTS });
for (let n = 1; n <= 20; n += 1) await store.append(`order/${n}`, counted(n));
for (const items of [store.readAll(), store.follow({ maxBatch: 1 })])
  await items[Symbol.asyncIterator]().next();
store.subscribe({ onEvent: () => undefined });
if (server !== '') {
  process.kill(Number(server), 'SIGSTOP');
  // until it is in the middle of another connection to a server that says nothing
  await new Promise((resolve) => setTimeout(resolve, 5_000));
}
await store.close({ deadlineMs: 200 });
console.log('closed');
