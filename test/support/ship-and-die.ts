// A program that handles one event with three steps: charge, print a label, ship. Each step leaves a line in a file.
// It is killed by itself after the step that is named, or runs to its end. Arguments: url, store, position, file,
// step.
import { appendFileSync } from 'node:fs';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { asPosition } from '../../src/event/position.js';
import { steps, withSteps } from '../../src/reaction/steps/with-steps.js';
import { ORDER_EVENTS } from './order-events.js';

const [servers, name, position, file, last] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const store = await connectEventStore({ servers, name, events: ORDER_EVENTS });
const event = await store.eventAt(asPosition(position));
if (event === undefined) throw new TypeError(`no event at ${position}`);

await withSteps(store, { reactor: 'ship', event }, async () => {
  for (const step of ['charge', 'label', 'ship']) {
    const by = await steps.run(step, () => {
      appendFileSync(file, `${step}\n`);
      return process.pid;
    });
    process.stdout.write(`${step} by ${by === process.pid ? 'this' : 'another'} process\n`);
    if (step === last) process.kill(process.pid, 'SIGKILL');
  }
});
await store.close();
