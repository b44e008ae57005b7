import { strict as assert } from 'node:assert';
import type { ListedOrder } from '../order-list.js';
import type { Tour } from './tour.js';

export async function ordersArePlaced({ shops: [shop], saw }: Tour): Promise<void> {
  const placed = await Promise.all(['ada', 'bob', 'cleo'].map(async (customer) => shop.place(customer)));
  for (const { status, body, etag } of placed) {
    assert.equal(status, 201);
    saw(`POST /orders answered 201, order ${body.id} is at version ${body.version}, ETag ${etag}`);
  }
  const [first, second] = placed.map(({ body }) => body.id) as [string, string];

  const shipped = await shop.ship(first);
  assert.deepEqual([shipped.status, shipped.etag], [200, '"2"']);
  saw(`POST /orders/${first}/ship answered 200, ETag ${shipped.etag}`);

  const read = await shop.get<ListedOrder>(`/orders/${first}?atLeast=${shipped.body.position}`);
  assert.deepEqual([read.status, read.body.status, read.etag], [200, 'shipped', '"2"']);
  saw(`GET tells that it is ${read.body.status}, from the read model, which had caught up with the write`);

  const stale = await shop.ship(second, undefined, { 'if-match': '"7"' });
  assert.equal(stale.status, 412);
  saw(`shipping another with If-Match "7" was refused with ${stale.status}: its version is 1`);

  const bad = await shop.send<{ message: unknown }>('POST', '/orders', { customer: 'dan', items: [] });
  assert.equal(bad.status, 400);
  saw(`an order without items was refused with ${bad.status}: ${JSON.stringify(bad.body.message)}`);

  const unknown = await shop.get('/orders/nobody-placed-this');
  assert.equal(unknown.status, 404);
  saw(`an unknown order is a ${unknown.status}`);
}
