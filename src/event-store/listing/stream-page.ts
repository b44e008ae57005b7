import type { StreamName } from '../../event/stream-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { checkCategory } from '../replay/categories.js';
import { type ListingPlace, parsePageToken } from './stream-page-token.js';

/** Options of one page of a category's streams. */
export interface StreamPageOptions {
  /** The kind of streams to list. */
  readonly category: string;
  /** Number of names at most, 1 to 10,000. @default that of the page before, 1,000 on the first one */
  readonly limit?: number | undefined;
  /** `nextPageToken` of the page before; valid as long as the store exists. @default the first page */
  readonly pageToken?: string | undefined;
  /** Ends the request with its reason. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** One page of the names of a category's streams. */
export interface StreamPage {
  /** The names, in the order of the store. */
  readonly streams: readonly StreamName[];
  /** Token of the next page; undefined on the last one. */
  readonly nextPageToken: string | undefined;
}

/** Names on one page when all are listed. */
export const WALK_LIMIT = 10_000;
const DEFAULT_LIMIT = 1_000;
const PAGE_OPTIONS = ['category', 'limit', 'pageToken', 'signal'];

/**
 * Where the requested page begins.
 *
 * @throws {@link InvalidOptionError} when an option cannot work, or the token is one of another category.
 */
export function toStreamPageRequest(options: StreamPageOptions): ListingPlace {
  checkKnownOptions(options, PAGE_OPTIONS);
  const { category, limit, pageToken } = options;
  checkCategory(category);
  const checked = integerOption('limit', limit, { fallback: DEFAULT_LIMIT, min: 1, max: WALK_LIMIT });
  if (pageToken === undefined) return { category, limit: checked, slot: 0, after: '', offset: 0 };
  const place = parsePageToken(pageToken);
  if (place?.category === category) return { ...place, limit: limit ?? place.limit };
  throw new InvalidOptionError({
    option: 'pageToken',
    given: pageToken,
    allowed: `the nextPageToken of a page of ${category}`,
  });
}

/** Checks the options of a listing of all pages before anything is sent. */
export function checkStreamsOptions(options: { readonly category: string }): void {
  checkKnownOptions(options, ['category', 'signal']);
  checkCategory(options.category);
}
