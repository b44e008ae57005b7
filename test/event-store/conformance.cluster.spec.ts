import { conformanceEvents } from '../../src/testing/conformance/conformance-events.js';
import { eventStoreCases } from '../../src/testing/conformance/event-store-cases.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { describeConformance } from './conformance-run.js';

const name = uniqueStoreName();
let cluster: NatsCluster;
let handles = 0;

beforeAll(async () => {
  cluster = await startNatsCluster();
}, 180_000);

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

describeConformance('the event store on three nodes with three replicas', {
  cases: eventStoreCases,
  // each handle connects to another node
  open: async () =>
    openStore({
      servers: cluster.urls[handles++ % cluster.urls.length] as string,
      name,
      events: conformanceEvents,
      replicas: 3,
      ignoreClusterUpdates: true,
    }),
});
