import 'reflect-metadata';
import { jest } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { asPosition, EventStore, Reactors } from 'jetsource';
import { CommandTimers } from 'jetsource/cqrs';
import type { ListedOrder } from '../../examples/webshop/order-list.js';
import { ParcelShipped } from '../../examples/webshop/events.js';
import { ShopModule } from '../../examples/webshop/shop.module.js';
import { BOOK, PEN, ShopClient } from '../../examples/webshop/tour/shop-client.js';
import { TourOutside } from '../../examples/webshop/tour/tour-outside.js';
import { sharedServerUrl } from '../shared-server.js';
import { until } from '../support/collect.js';

const apps: INestApplication[] = [];
const outside = new TourOutside();
let app: INestApplication;
let shop: ShopClient;

async function start(): Promise<INestApplication> {
  const module = await Test.createTestingModule({
    imports: [ShopModule.on(sharedServerUrl(), outside)],
  }).compile();
  const started = module.createNestApplication({ logger: false });
  apps.push(started);
  await started.listen(0, '127.0.0.1');
  return started;
}

beforeAll(async () => {
  app = await start();
  shop = new ShopClient(await app.getUrl());
}, 60_000);

afterAll(async () => Promise.all(apps.map(async (each) => each.close())), 60_000);

describe('the web shop', () => {
  it('places, ships, and shows an order from the read model with its version as ETag', async () => {
    const placed = await shop.place('ada');
    expect(placed).toMatchObject({
      status: 201,
      etag: '"1"',
      body: { version: 1, committed: true, attempts: 1 },
    });
    const shipped = await shop.ship(placed.body.id, ['pen']);
    expect(shipped).toMatchObject({ status: 200, etag: '"2"' });
    const read = await shop.get<ListedOrder>(`/orders/${placed.body.id}?atLeast=${shipped.body.position}`);
    expect(read).toMatchObject({
      status: 200,
      etag: '"2"',
      body: { customer: 'ada', status: 'partly shipped', items: 2, shipped: 1, totalCents: 3_200 },
    });
  });

  it('lists orders page by page', async () => {
    const last = (await Promise.all(['a', 'b', 'c'].map(async (name) => shop.place(name)))).at(-1);
    const all: string[] = [];
    let after = '';
    do {
      const page = await shop.get<{ orders: ListedOrder[]; next?: string }>(
        `/orders?limit=2&after=${after}&atLeast=${last?.body.position ?? ''}`,
      );
      expect(page.status).toBe(200);
      all.push(...page.body.orders.map(({ id }) => id));
      after = page.body.next ?? '';
    } while (after !== '');
    expect(new Set(all).size).toBe(all.length);
    expect(all).toContain(last?.body.id);
  });

  it.each([
    ['no customer', { items: [PEN] }, 'customer'],
    ['no items', { customer: 'ada', items: [] }, 'items'],
    ['a negative price', { customer: 'ada', items: [{ ...PEN, priceCents: -1 }] }, 'priceCents'],
    ['one sku twice', { customer: 'ada', items: [PEN, PEN] }, 'sku'],
    ['an unknown key', { customer: 'ada', items: [BOOK], coupon: 'x' }, 'coupon'],
  ])('rejects an order with %s with 400 and the reason', async (_, body, reason) => {
    const answer = await shop.send<{ message: unknown }>('POST', '/orders', body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body.message)).toContain(reason);
  });

  it('rejects a body that is not JSON with 415, and without a body ships all remaining items', async () => {
    const { body: order } = await shop.place('ada');
    const ship = async (init: RequestInit): Promise<number> =>
      (await fetch(`${await app.getUrl()}/orders/${order.id}/ship`, { method: 'POST', ...init })).status;
    expect(await ship({ body: '{"skus":["pen"]}' })).toBe(415);
    expect(await ship({ body: new URLSearchParams({ skus: 'pen' }) })).toBe(415);
    expect(await ship({})).toBe(200);
  });

  it('rejects invalid headers with 400', async () => {
    const { body } = await shop.place('ada');
    expect((await shop.ship(body.id, undefined, { 'if-match': 'one' })).status).toBe(400);
    expect((await shop.ship(body.id, undefined, { 'idempotency-key': 'a b' })).status).toBe(400);
    expect((await shop.get('/orders?limit=0')).status).toBe(400);
    expect((await shop.get('/orders?atLeast=yesterday')).status).toBe(400);
  });

  it('answers 404 for an unknown order, read or shipped', async () => {
    expect((await shop.get('/orders/unknown')).status).toBe(404);
    expect((await shop.ship('unknown')).status).toBe(404);
  });

  it('answers 412 for a stale If-Match, and 200 for the current one', async () => {
    const { body } = await shop.place('ada');
    await shop.ship(body.id, ['pen'], { 'if-match': '"1"' });
    expect((await shop.ship(body.id, ['book'], { 'if-match': '"1"' })).status).toBe(412);
    expect((await shop.ship(body.id, ['book'], { 'if-match': '"2"' })).status).toBe(200);
  });

  it('answers 422 when a rule of the shop is violated, and says which', async () => {
    const { body } = await shop.place('ada');
    await shop.ship(body.id);
    const detail = `order ${body.id} has nothing left to ship`;
    expect(await shop.ship(body.id)).toMatchObject({ status: 422, body: { code: 'OrderRefused', detail } });
  });

  it('handles requests with the same key once', async () => {
    const { body: order } = await shop.place('ada');
    const first = await shop.ship(order.id, ['pen'], { 'idempotency-key': 'k' });
    const again = await shop.ship(order.id, ['pen'], { 'idempotency-key': 'k' });
    expect(first.body).toMatchObject({ version: 2, committed: true });
    expect(again.body).toMatchObject({ version: 2, position: first.body.position, committed: false });
  });

  it('answers 409 when the retries do not resolve a conflict', async () => {
    const { body: order } = await shop.place('ada');
    const store = app.get(EventStore);
    const append = store.append.bind(store);
    let attempts = 0;
    // another writer appends first, each time; handlers of earlier orders go on meanwhile
    const outrun = jest.spyOn(store, 'append').mockImplementation(async (name, events, options) => {
      if (String(name) === `order/${order.id}`) {
        attempts += 1;
        await append(name, [new ParcelShipped(order.id, ['gift'])]);
      }
      return append(name, events, options);
    });
    try {
      expect((await shop.ship(order.id, ['pen'])).status).toBe(409);
      expect(attempts).toBe(4);
    } finally {
      outrun.mockRestore();
    }
  });

  it('lists the most expensive order that it accepts', async () => {
    const items = Array.from({ length: 100 }, (_, index) => ({
      sku: `gold-${index}`,
      quantity: 1_000,
      priceCents: 100_000_000,
    }));
    const { body } = await shop.place('ada', { items });
    const read = await shop.get<ListedOrder>(`/orders/${body.id}?atLeast=${body.position}`);
    expect(read.body.totalCents).toBe(10_000_000_000_000);
  });

  it('rejects a sku that is shipped twice, in one request or in two', async () => {
    const { body } = await shop.place('ada');
    expect((await shop.ship(body.id, ['pen', 'pen'])).status).toBe(400);
    expect((await shop.ship(body.id, ['pen'])).status).toBe(200);
    expect((await shop.ship(body.id, ['pen'])).status).toBe(422);
  });

  it('rejects text that its database cannot store', async () => {
    expect((await shop.place('a\0b')).status).toBe(400);
    expect((await shop.place('ada', { items: [{ ...PEN, sku: 'p\0' }] })).status).toBe(400);
    expect((await shop.get('/orders/%00')).status).toBe(404);
    expect((await shop.get('/orders?after=%00')).status).toBe(400);
  });

  it('handles If-Match as HTTP specifies', async () => {
    const { body } = await shop.place('ada');
    for (const never of ['"0"', '"abc"', 'W/"1"', '"9999999999999999"']) {
      expect((await shop.ship(body.id, ['pen'], { 'if-match': never })).status).toBe(412);
    }
    expect((await shop.ship(body.id, ['pen'], { 'if-match': '*' })).status).toBe(200);
  });

  it('answers with JSON, also for a body that is too large', async () => {
    const answer = await shop.send<{ message: string }>('POST', '/orders', { customer: 'x'.repeat(200_000) });
    expect([answer.status, answer.body.message]).toEqual([413, 'request entity too large']);
  });

  it('sends a confirmation, charges the customer and books a parcel, each once, with a second instance', async () => {
    const second = new ShopClient(await (await start()).getUrl());
    const shops = [shop, second];
    const orders = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => shops[index % 2]?.place('mia')),
    );
    const ids = orders.map((answer) => answer?.body.id ?? '');
    for (const answer of orders) {
      const position = asPosition(answer?.body.position ?? '');
      await app.get(Reactors).waitUntilHandled(position, { timeoutMs: 30_000 });
    }
    for (const id of ids) {
      const [, receipt] =
        /^charge of 3200 cents .*receipt (.*)$/.exec(outside.about(`for order ${id}`)[0] ?? '') ?? [];
      expect(outside.about(id).toSorted()).toEqual([
        `charge of 3200 cents for order ${id}: receipt ${receipt}`,
        `mail to mia: your order is ${id}`,
        `parcel for order ${id}, paid with receipt ${receipt}`,
      ]);
    }
  }, 60_000);

  it('cancels what is not shipped in time, and only that', async () => {
    const { body: late } = await shop.place('ada', { shipWithinMs: 1_000 });
    const { body: shipped } = await shop.place('ada', { shipWithinMs: 60_000 });
    const deadline = async (id: string) => app.get(CommandTimers).find(`shipping-deadline/${id}/deadline`);
    await until('the timer is stored', async () => (await deadline(shipped.id)) !== undefined);
    await shop.ship(late.id, ['pen']);
    await shop.ship(shipped.id);
    const status = async (id: string) => (await shop.get<ListedOrder>(`/orders/${id}`)).body.status;
    await until('the late one is cancelled', async () => (await status(late.id)) === 'cancelled', 20_000);
    await until('the other timer is gone', async () => (await deadline(shipped.id)) === undefined, 20_000);
    expect((await shop.ship(late.id)).status).toBe(422);
    expect(await status(shipped.id)).toBe('shipped');
  }, 60_000);

  it('reports the health of the store, the read model and the handlers', async () => {
    const health = await shop.get('/health');
    expect(health).toMatchObject({
      status: 200,
      body: { info: { store: { status: 'up', projections: [{ name: 'order-list' }] } } },
    });
    const { info } = health.body as { info: { reactors: { reactors: { name: string }[] } } };
    expect(info.reactors.reactors.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['confirmation', 'fulfilment', 'shipping-deadline']),
    );
  });
});
