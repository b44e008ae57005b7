import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { LaneRunner } from '../../src/lane/lane-runner.js';

// An instance of a service that runs lanes until it is killed. Arguments: the URL of the server, the store's name, the number of lanes.
const [, , servers = '', name = '', lanes = '1'] = process.argv;
const store = await connectEventStore({ servers, name, events: [] });
const runner = new LaneRunner(store.records, store.peers, { service: 'child' });
const run = async (lane: number, signal: AbortSignal): Promise<void> => {
  console.log(`begun ${lane}`);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  console.log(`ended ${lane}`);
};
await runner.start([{ name: 'orders', lanes: Number(lanes), run }]);
process.on('SIGTERM', () => {
  void runner
    .stop()
    .then(async () => store.close())
    .then(() => console.log('stopped'));
});
