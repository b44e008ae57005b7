import { appendFileSync } from 'node:fs';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { defineReactor } from '../../src/reaction/reactor/define-reactor.js';
import { Reactors } from '../../src/reaction/reactor/reactors.js';
import { Counted } from '../support/order-events.js';

// An instance of a service with one reactor, until it is killed. Arguments: the URLs of the servers, the store's name, the file that calls are noted in, the number of lanes, replicas.
const [, , servers = '', name = '', file = '', lanes = '1', replicas = '1'] = process.argv;
const store = await connectEventStore({
  servers: servers.split(','),
  name,
  events: [Counted],
  replicas: Number(replicas),
});
const note = (what: string): void => appendFileSync(file, `${process.pid} ${what}\n`);
const reactor = defineReactor({
  name: 'noter',
  lanes: Number(lanes),
  from: 'beginning',
  concurrency: 8,
  handle: async ({ stream, version }) => {
    note(`begin ${stream.id} ${version}`);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
    note(`end ${stream.id} ${version}`);
  },
});
const logger = { warn: () => undefined, error: (text: string) => console.error(text) };
const reactors = new Reactors(store, [reactor], { service: 'child', logger });
await reactors.start();
note('started');
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    void Promise.all([reactors.stop(), reactors.stop()])
      .then(async () => store.close())
      .then(() => note('stopped'));
  });
