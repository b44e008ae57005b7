import 'reflect-metadata';
import { processManagerOf } from 'jetsource/cqrs';
import { processSpecification } from 'jetsource/testing';
import { CancelOrder } from '../../examples/webshop/cancel-order.js';
import { OrderCancelled, OrderPlaced, ParcelShipped } from '../../examples/webshop/events.js';
import { ShippingDeadline } from '../../examples/webshop/shipping-deadline.js';

const items = ['pen', 'book'].map((sku) => ({ sku, quantity: 1, priceCents: 100 }));
const placed = new OrderPlaced('42', 'ada', items, 60_000);
const deadline = processSpecification(processManagerOf(new ShippingDeadline())).on('order/42');

describe('the deadline of an order of the web shop', () => {
  it('is a timer, which cancels the order', async () => {
    await expect(
      deadline.when(placed).thenOutcome({
        schedules: [{ id: 'deadline', command: new CancelOrder('42'), in: 60_000 }],
        state: { items: 2 },
      }),
    ).resolves.toBeUndefined();
  });

  it('stays while a part is shipped, and is cancelled when all is', async () => {
    const pen = new ParcelShipped('42', ['pen']);
    await expect(
      deadline
        .given(placed)
        .when(pen)
        .thenOutcome({ state: { items: 1 } }),
    ).resolves.toBeUndefined();
    await expect(
      deadline
        .given(placed, pen)
        .when(new ParcelShipped('42', ['book']))
        .thenOutcome({ cancels: ['deadline'], ends: true }),
    ).resolves.toBeUndefined();
  });

  it('is over when the order is cancelled', async () => {
    await expect(
      deadline
        .given(placed)
        .when(new OrderCancelled('42', ['pen', 'book']))
        .thenOutcome({ ends: true }),
    ).resolves.toBeUndefined();
  });
});
