import { BadRequestException } from '@nestjs/common';
import { z } from 'zod';

const item = z.strictObject({
  sku: z.string().min(1).max(64),
  quantity: z.int().min(1).max(1_000),
  priceCents: z.int().min(0).max(100_000_000),
});

export const placeOrder = z.strictObject({
  customer: z.string().trim().min(1).max(200),
  items: z
    .array(item)
    .min(1)
    .max(100)
    .refine((items) => new Set(items.map(({ sku }) => sku)).size === items.length, 'each sku may stand once'),
});
export type PlaceOrder = z.infer<typeof placeOrder>;

export const shipOrder = z
  .strictObject({ skus: z.array(z.string().min(1)).min(1).optional() })
  .optional()
  .transform((body) => body ?? {});
export type ShipOrder = z.infer<typeof shipOrder>;

export const listOrders = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  after: z.string().optional(),
  atLeast: z.string().optional(),
});
export type ListOrders = z.infer<typeof listOrders>;

/** The version that an `If-Match` names; undefined without the header. */
export function versionOfIfMatch(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const version = /^"([1-9]\d{0,15})"$/.exec(header)?.[1];
  if (version === undefined)
    throw new BadRequestException('If-Match must be an ETag of this shop, such as "3"');
  return Number(version);
}

/** A key that names one intention of the client, however often it is sent. */
export function checkedIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,100}$/.test(header)) return header;
  throw new BadRequestException('Idempotency-Key must be 1 to 100 printable characters without spaces');
}
