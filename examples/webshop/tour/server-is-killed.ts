import { strict as assert } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import { EventStore } from 'jetsource';
import { OrderPlaced } from '../events.js';
import type { Written } from './shop-client.js';
import type { Tour } from './tour.js';

const CLIENTS = 16;
const LOAD_MS = 4_000;
const KILL_AFTER_MS = 1_500;
const DOWN_MS = 500;

export async function serverIsKilled(tour: Tour): Promise<void> {
  const { nats, shops, app, saw } = tour;
  const acknowledged: Written[] = [];
  const refused: number[] = [];
  const end = performance.now() + LOAD_MS;
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    while (performance.now() < end) {
      const { status, body } = await shops[index % 2 === 0 ? 0 : 1].place(`load ${index}`);
      if (status === 201) acknowledged.push(body);
      else refused.push(status);
    }
  });
  await delay(KILL_AFTER_MS);
  const before = acknowledged.length;
  const killedAt = performance.now();
  await nats.kill();
  await delay(DOWN_MS);
  await nats.restart();
  await Promise.all(clients);
  saw(
    `${CLIENTS} clients placed orders; after ${before} of them the server was killed (SIGKILL), and started again ${DOWN_MS} ms later`,
  );
  saw(`${acknowledged.length} orders were acknowledged in all, ${refused.length} requests refused`);
  assert.ok(acknowledged.length > before, 'no order was acknowledged after the restart');

  const stored = new Map<string, number>();
  for await (const { data, stream } of app.get(EventStore).readAll({ categories: ['order'] })) {
    if (data instanceof OrderPlaced) stored.set(stream.id, (stored.get(stream.id) ?? 0) + 1);
  }
  const lost = acknowledged.filter(({ id }) => !stored.has(id));
  const twice = [...stored.values()].filter((times) => times > 1);
  saw(`in the log: ${lost.length} acknowledged orders missing, ${twice.length} orders stored twice`);
  assert.deepEqual([lost.length, twice.length], [0, 0]);

  const last = acknowledged.at(-1) as Written;
  const { status } = await shops[0].get(`/orders/${last.id}?atLeast=${last.position}`);
  assert.equal(status, 200);
  saw(
    `the read model went on by itself: the last order can be read ${Math.round(performance.now() - killedAt)} ms after the kill`,
  );
}
