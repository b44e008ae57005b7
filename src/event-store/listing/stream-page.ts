import type { StreamName } from '../../event/stream-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import { checkCategory } from '../replay/categories.js';
import { type ListingPlace, parsePageToken } from './stream-page-token.js';

export interface StreamPageOptions {
  /** The kind of streams to list. */
  readonly category: string;
  /** Names to give at most, 1 to 10,000. @default that of the page before, 1,000 on the first one */
  readonly limit?: number | undefined;
  /** `nextPageToken` of the page before; a token lasts as long as the store. @default the first page */
  readonly pageToken?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Some of a category's streams. */
export interface StreamPage {
  readonly streams: readonly StreamName[];
  /** Leads to the next page; undefined on the last one. */
  readonly nextPageToken: string | undefined;
}

/** Names on one page where all are walked through. */
export const WALK_LIMIT = 10_000;
const DEFAULT_LIMIT = 1_000;
const PAGE_OPTIONS = ['category', 'limit', 'pageToken', 'signal'];

/**
 * Where the page that is asked for begins.
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

/** Checks the options of a walk through all pages before anything is sent. */
export function checkStreamsOptions(options: { readonly category: string }): void {
  checkKnownOptions(options, ['category', 'signal']);
  checkCategory(options.category);
}
