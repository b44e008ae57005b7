import { strict as assert } from 'node:assert';
import { CommandTimers } from 'jetsource/cqrs';
import type { ListedOrder } from '../order-list.js';
import type { Tour } from './tour.js';
import { until } from './until.js';

const SHIP_WITHIN_MS = 8_000;

export async function orderIsCancelled({ nats, shops: [shop], app, saw }: Tour): Promise<void> {
  const [late, shipped] = await Promise.all([
    shop.place('kim', { shipWithinMs: SHIP_WITHIN_MS }),
    shop.place('lea'),
  ]);
  const deadline = async (id: string) => app.get(CommandTimers).find(`shipping-deadline/${id}/deadline`);
  const timer = await until('the timer is stored', async () => deadline(late.body.id));
  await until('the other timer is stored', async () => deadline(shipped.body.id));
  saw(
    `an order is to be shipped within ${SHIP_WITHIN_MS} ms, another within 3 days, which is shipped; each has a timer`,
  );
  await shop.ship(shipped.body.id);
  await nats.kill();
  await nats.restart();
  const restartedAt = new Date();
  saw('the NATS server was killed (SIGKILL) and started again');

  const status = async (id: string): Promise<string> =>
    (await shop.get<ListedOrder>(`/orders/${id}`)).body.status;
  await until('the order is cancelled', async () => (await status(late.body.id)) === 'cancelled');
  const now = new Date();
  assert.ok(now >= timer.scheduledFor, 'the timer was early');
  saw(
    `the order that was not shipped is cancelled, ${now.getTime() - restartedAt.getTime()} ms after the restart`,
  );
  const refused = await shop.ship(late.body.id);
  assert.equal(refused.status, 422);
  saw(`shipping it was refused with ${refused.status}: it has nothing left to ship`);
  await until('no timer waits', async () => (await deadline(shipped.body.id)) === undefined);
  assert.equal(await status(shipped.body.id), 'shipped');
  saw('the other one is shipped, and its timer is gone');
}
