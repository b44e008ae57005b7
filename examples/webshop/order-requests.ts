import { BadRequestException, PreconditionFailedException } from '@nestjs/common';
import { z } from 'zod';

/**
 * Text that a database column can store: PostgreSQL cannot store U+0000, and no field needs control
 * characters.
 */
const text = z.string().regex(/^[^\p{Cc}]*$/u, 'control characters are not allowed');
const sku = text.min(1).max(64);

const item = z.strictObject({
  sku,
  quantity: z.int().min(1).max(1_000),
  priceCents: z.int().min(0).max(100_000_000),
});

const DAY_MS = 24 * 60 * 60 * 1_000;

function isSet(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

export const placeOrder = z.strictObject({
  customer: text.trim().min(1).max(200),
  items: z
    .array(item)
    .min(1)
    .max(100)
    .refine((items) => isSet(items.map((line) => line.sku)), 'each sku may occur only once'),
  shipWithinMs: z
    .int()
    .min(1)
    .max(365 * DAY_MS)
    .default(3 * DAY_MS),
});
export type PlaceOrder = z.infer<typeof placeOrder>;

export const shipOrder = z
  .strictObject({
    skus: z.array(sku).min(1).max(100).refine(isSet, 'each sku may occur only once').optional(),
  })
  .optional()
  .transform((body) => body ?? {});
export type ShipOrder = z.infer<typeof shipOrder>;

/** `atLeast` is the position of a write that the answer must include. */
export const readOrder = z.object({ atLeast: z.string().optional() });
export type ReadOrder = z.infer<typeof readOrder>;

export const listOrders = readOrder.extend({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  after: text.optional(),
});
export type ListOrders = z.infer<typeof listOrders>;

/** The version in `If-Match`; undefined if any version matches. */
export function versionOfIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined;
  if (!/^(W\/)?"[^"]*"$/.test(header))
    throw new BadRequestException('If-Match takes one ETag, such as "3", or *');
  const version = /^"([1-9]\d{0,14})"$/.exec(header)?.[1];
  // an ETag that this shop did not return matches no version
  if (version === undefined) throw new PreconditionFailedException(`the order is not at ${header}`);
  return Number(version);
}

/**
 * The idempotency key of a request. A repeated key returns the first answer, whatever the rest of the request
 * says.
 */
export function checkedIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,100}$/.test(header)) return header;
  throw new BadRequestException('Idempotency-Key must be 1 to 100 printable characters without spaces');
}
