import type { StreamName } from './stream-name.js';

/**
 * Number of slots of a store. Ordered readers divide the streams of a store by slot. Part of the wire format.
 */
export const SLOTS = 64;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const SLASH = 0x2f;
const utf8 = new TextEncoder();

/**
 * The slot of a stream, 0 to 63: 32-bit FNV-1a over the UTF-8 bytes of `category/id`, both halves combined by
 * XOR, modulo 64. It is part of every subject, so it must never change.
 */
export function slotOf(stream: StreamName): number {
  const ofCategory = ofAscii(FNV_OFFSET, stream.category);
  const hash = ofCategory === undefined ? undefined : ofAscii(step(ofCategory, SLASH), stream.id);
  return slotIn(hash ?? ofBytes(utf8.encode(stream.toString())));
}

function slotIn(hash: number): number {
  return ((hash >>> 16) ^ (hash & 0xffff)) % SLOTS;
}

/**
 * Most names are ASCII, where a character is its byte: without an encoder and without a text to put together,
 * a replay can afford to check the slot of every message. Undefined for other names.
 */
function ofAscii(start: number, text: string): number | undefined {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return undefined;
    hash = step(hash, code);
  }
  return hash;
}

function step(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FNV_PRIME);
}

function ofBytes(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = step(hash, byte);
  return hash;
}
