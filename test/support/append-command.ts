// A program that appends with a command id, for tests with two processes. Arguments: url, store, stream id,
// command id, events.
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { streamName } from '../../src/event/stream-name.js';
import { counted, ORDER_EVENTS } from './order-events.js';

const [servers, name, id, commandId] = process.argv.slice(2) as [string, string, string, string];
const store = await connectEventStore({ servers, name, events: ORDER_EVENTS });
// both processes wait for the same input, so that they start at the same time
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const results = [];
for (let command = 0; command < 50; command += 1) {
  const { version, position, committed } = await store.append(streamName('order', id), counted(command), {
    commandId: `${commandId}-${command}`,
  });
  results.push({ version, position, committed });
}
await store.close();
process.stdout.write(`${JSON.stringify(results)}\n`);
process.stdin.unref();
