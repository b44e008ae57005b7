import type { StreamName } from './stream-name.js';

/** How many slots a store has: the unit in which ordered readers share its streams. Part of the wire format. */
export const SLOTS = 64;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const utf8 = new TextEncoder();

/**
 * The slot of a stream, 0 to 63: FNV-1a (32 bits) over the UTF-8 bytes of `category/id`, its halves folded by XOR, modulo 64.
 * It stands in every subject, so it never changes.
 */
export function slotOf(stream: StreamName): number {
  let hash = FNV_OFFSET;
  for (const byte of utf8.encode(stream.toString())) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return ((hash >>> 16) ^ (hash & 0xffff)) % SLOTS;
}
