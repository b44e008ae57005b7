import { strict as assert } from 'node:assert';
import { ShopProcess } from './shop-process.js';
import type { Tour } from './tour.js';
import { until } from './until.js';

export async function shopIsKilled({ nats, shops: [shop], outside, saw }: Tour): Promise<void> {
  await using third = new ShopProcess(nats.url);
  await until('the third shop is started', () => third.lines.includes('started'));
  const charges = (order: string): string[] =>
    [...third.lines, ...outside.lines].filter((line) => line.startsWith('charge') && line.includes(order));
  // the three share the orders by their ids
  let order = '';
  await until('an order goes to the third shop', async () => {
    order = (await shop.place('jon')).body.id;
    await until('the order is charged', () => charges(order).length > 0);
    return third.lines.some((line) => charges(order).includes(line));
  });
  await until('the order waits for the carrier', () =>
    third.lines.some((line) => line.startsWith('stuck') && line.includes(order)),
  );
  const [charge = ''] = charges(order);
  saw(`a third instance, process ${third.pid}, did the first step: ${charge}`);

  await third.kill();
  const killedAt = performance.now();
  saw('its carrier did not answer, and it was killed (SIGKILL) before the second step');
  const parcel = await until('the parcel is booked', () => outside.about(`parcel for order ${order}`)[0]);
  const receipt = charge.split(' ').at(-1);
  saw(`another instance went on ${Math.round(performance.now() - killedAt)} ms later: ${parcel}`);
  assert.equal(parcel, `parcel for order ${order}, paid with receipt ${receipt}`);
  assert.equal(charges(order).length, 1);
  saw('the customer was charged once');
}
