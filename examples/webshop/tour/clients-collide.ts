import { strict as assert } from 'node:assert';
import { EventStore, streamName } from 'jetsource';
import type { Tour } from './tour.js';

/** Two requests collide only if both load before one of them stores. This can take several orders. */
const MOST_ORDERS = 200;

export async function clientsCollide({ shops: [one, other], app, saw }: Tour): Promise<void> {
  for (let orders = 1; orders <= MOST_ORDERS; orders += 1) {
    const { body: order } = await one.place('eve');
    const answers = await Promise.all([one.ship(order.id, ['pen']), other.ship(order.id, ['book'])]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    const retried = answers.find(({ body }) => body.attempts > 1);
    if (retried === undefined) continue;

    const events = [];
    for await (const event of app
      .get(EventStore)
      .read(streamName('order', order.id), { consistency: 'leader' })) {
      events.push(`${event.version} ${event.type}`);
    }
    assert.deepEqual(events, ['1 OrderPlaced', '2 ParcelShipped', '3 ParcelShipped']);
    saw(
      `two instances shipped from order ${order.id} at once (order ${orders} of this try); both were answered 200`,
    );
    saw(
      `the loser of the race decided again: ${retried.body.attempts} attempts, version ${retried.body.version}`,
    );
    saw(`its stream holds ${events.join(', ')}: no version twice, none missing`);
    return;
  }
  assert.fail(`no two requests collided in ${MOST_ORDERS} orders`);
}
