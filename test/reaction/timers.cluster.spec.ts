import { setTimeout as pause } from 'node:timers/promises';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openTimers } from '../../src/reaction/timers/open-timers.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { RawNats } from '../support/raw-nats.js';

let cluster: NatsCluster;
let store: JetStreamEventStore;

beforeAll(async () => {
  cluster = await startNatsCluster({ log: () => undefined });
  const name = uniqueStoreName();
  store = await openStore({ servers: [...cluster.urls], name, replicas: 3 });
}, 120_000);

afterAll(async () => {
  await store.close();
  await cluster.stop();
});

it('timers on three replicas are each carried out, not early, while the stream of schedules changes its leader', async () => {
  const calls: { readonly id: string; readonly earlyMs: number }[] = [];
  await using raw = await RawNats.open(cluster.urls[0] as string);
  await using timers = await openTimers(store, {
    onDue: ({ id, scheduledFor }) => {
      calls.push({ id, earlyMs: scheduledFor.getTime() - Date.now() });
    },
    logger: { warn: () => undefined, error: () => undefined },
    sweepEveryMs: 2_000,
  });
  const stream = `${store.jetStream}~timers`;
  const info = await raw.api<{ config: { num_replicas: number } }>(`STREAM.INFO.${stream}`);
  expect(info.config.num_replicas).toBe(3);
  await timers.start();
  const ids = Array.from({ length: 60 }, (_, n) => `t${n}`);
  for (const [n, id] of ids.entries()) {
    if (n % 20 === 10) await raw.api(`STREAM.LEADER.STEPDOWN.${stream}`, {});
    await timers.schedule({ name: 'Tick', data: { n } }, { in: 500 + n * 40, id });
    if (n % 6 === 5) await timers.cancel(id);
  }
  const expected = ids.filter((_, n) => n % 6 !== 5);
  while (new Set(calls.map(({ id }) => id)).size < expected.length) await pause(50);
  while ((await Promise.all(ids.map(async (id) => timers.find(id)))).some(Boolean)) await pause(50);
  expect(calls.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
  expect(Math.max(...calls.map(({ earlyMs }) => earlyMs))).toBeLessThanOrEqual(0);
}, 120_000);
