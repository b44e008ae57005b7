import { SLOTS } from '../../event/slot.js';

/** The place that a listing of a category's streams has reached. */
export interface ListingPlace {
  readonly category: string;
  /** Names on one page. */
  readonly limit: number;
  /** The slot to continue with. */
  readonly slot: number;
  /** The subject token of the last stream of that slot that has been listed; empty for none. */
  readonly after: string;
  /**
   * How many streams of that slot have been listed: roughly where the next one is, since some may be added or
   * removed.
   */
  readonly offset: number;
}

/**
 * A place as text for the next call. It names the last stream, not a number of them, so streams added or
 * removed before it shift nothing.
 */
export function pageTokenOf({ category, limit, slot, after, offset }: ListingPlace): string {
  return Buffer.from(JSON.stringify([category, limit, slot, after, offset])).toString('base64url');
}

/** The place in a token; undefined when the text is no token. */
export function parsePageToken(token: unknown): ListingPlace | undefined {
  const parts = typeof token === 'string' ? parseList(Buffer.from(token, 'base64url').toString()) : [];
  const [category, limit, slot, after, offset] = parts;
  if (typeof category !== 'string' || typeof after !== 'string') return undefined;
  if (!isCount(limit, 1) || !isCount(slot, 0) || slot >= SLOTS || !isCount(offset, 0)) return undefined;
  return { category, limit, slot, after, offset };
}

function parseList(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function isCount(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}
