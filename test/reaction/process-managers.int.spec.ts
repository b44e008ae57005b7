import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import {
  Added,
  EVENTS,
  fulfilment,
  happened,
  Ordered,
  Paid,
  ProcessService,
  sum,
} from './process-harness.js';

const name = uniqueStoreName();
let stores: readonly JetStreamEventStore[];

beforeAll(async () => {
  stores = await Promise.all([1, 2, 3].map(async () => openStore({ name, events: EVENTS })));
});

describe('process managers on a server', () => {
  it('lose no input of one process that several instances handle at the same time', async () => {
    const services = stores.map((store) => new ProcessService(store, [sum]));
    const store = stores[0] as JetStreamEventStore;
    const inputs = [];
    for (let n = 1; n <= 40; n += 1)
      inputs.push(await happened(store, Added.create({ to: 'a', n }), `o${n}`));
    await Promise.all(
      inputs.flatMap((input, index) =>
        [0, 1].map(async (shift) => services[(index + shift) % 3]?.handle(input)),
      ),
    );
    expect(await services[0]?.state('sum/a')).toEqual({ sum: 820 });
    expect(await services[0]?.stored('sum/a')).toHaveLength(40);
  }, 60_000);

  it('go on in another instance, which sends what the first one has stored', async () => {
    const [first, second] = stores as [JetStreamEventStore, JetStreamEventStore];
    await new ProcessService(first, [fulfilment]).handle(await happened(first, new Ordered('1', 40)));
    const service = new ProcessService(second, [fulfilment]);
    await service.handle(await happened(first, new Paid('1')));
    await service.sendAll('fulfilment/1');
    expect(service.sent.executed.map((command) => command.name)).toEqual(['Charge', 'Ship']);
    expect(await service.state('fulfilment/1')).toEqual({ amount: 40, isPaid: true });
  });
});
