import type { StreamName } from './stream-name.js';

/**
 * Number of slots of a store. Ordered readers divide the streams of a store by slot. Part of the wire format.
 */
export const SLOTS = 64;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const utf8 = new TextEncoder();

/**
 * The slot of a stream, 0 to 63: 32-bit FNV-1a over the UTF-8 bytes of `category/id`, both halves combined by
 * XOR, modulo 64. It is part of every subject, so it must never change.
 */
export function slotOf(stream: StreamName): number {
  let hash = FNV_OFFSET;
  for (const byte of utf8.encode(stream.toString())) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return ((hash >>> 16) ^ (hash & 0xffff)) % SLOTS;
}
