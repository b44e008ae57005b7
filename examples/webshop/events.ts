import { Event } from 'jetsource';
import { z } from 'zod';

const item = z.object({
  sku: z.string().min(1),
  quantity: z.int().min(1),
  priceCents: z.int().min(0),
});

export type Item = Readonly<z.infer<typeof item>>;

/** Every append validates its events with these schemas. */
@Event('OrderPlaced', {
  schema: z.object({ customer: z.string().min(1), items: z.array(item).min(1).readonly() }),
})
export class OrderPlaced {
  constructor(
    readonly customer: string,
    readonly items: readonly Item[],
  ) {}
}

@Event('ParcelShipped', { schema: z.object({ skus: z.array(z.string()).min(1).readonly() }) })
export class ParcelShipped {
  constructor(readonly skus: readonly string[]) {}
}
