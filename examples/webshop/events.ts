import { Event } from 'jetsource';
import { z } from 'zod';

const item = z.object({
  sku: z.string().min(1),
  quantity: z.int().min(1),
  priceCents: z.int().min(0),
});

export type Item = Readonly<z.infer<typeof item>>;

const order = z.string().min(1);
const skus = z.array(z.string()).min(1).readonly();

/** Every append validates its events with these schemas. */
@Event('OrderPlaced', {
  schema: z.object({
    order,
    customer: z.string().min(1),
    items: z.array(item).min(1).readonly(),
    shipWithinMs: z.int().min(1),
  }),
})
export class OrderPlaced {
  constructor(
    readonly order: string,
    readonly customer: string,
    readonly items: readonly Item[],
    /** What has not been shipped by then is cancelled. */
    readonly shipWithinMs: number,
  ) {}
}

@Event('ParcelShipped', { schema: z.object({ order, skus }) })
export class ParcelShipped {
  constructor(
    readonly order: string,
    readonly skus: readonly string[],
  ) {}
}

/** What had not been shipped in time will not be. */
@Event('OrderCancelled', { schema: z.object({ order, skus }) })
export class OrderCancelled {
  constructor(
    readonly order: string,
    readonly skus: readonly string[],
  ) {}
}

/** All event types of the shop. */
export const SHOP_EVENTS = [OrderPlaced, ParcelShipped, OrderCancelled];
