import { LRUCache } from 'lru-cache';
import type { StreamName } from '../../event/stream-name.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import type { FoldedState } from '../state/folded-state.js';

/** How many folded aggregates a repository keeps. */
export interface CacheOptions {
  /** The least recently used ones go first. @default 1_000 */
  readonly max?: number | undefined;
}

const DEFAULT_MAX = 1_000;

/**
 * Folded aggregates of one repository in this process: a command on one of them costs the append alone. What is taken is lent, and out of the
 * cache until it is given back, so that nobody else sees it and a failure drops it. A stale entry does no harm: the append names the commit that
 * it was folded up to, and conflicts.
 */
export class AggregateCache<S> {
  readonly #entries: LRUCache<string, FoldedState<S>>;

  /** @throws {@link InvalidOptionError} when the count is no positive integer. */
  constructor(options: CacheOptions = {}) {
    checkKnownOptions(options, ['max'], 'cache.');
    this.#entries = new LRUCache({ max: integerOption('cache.max', options.max, { fallback: DEFAULT_MAX }) });
  }

  take(stream: StreamName): FoldedState<S> | undefined {
    const key = stream.toString();
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    return entry;
  }

  /** Leaves the entry where it is: for a state that nobody changes. */
  peek(stream: StreamName): FoldedState<S> | undefined {
    return this.#entries.get(stream.toString());
  }

  /** Takes a folded aggregate, unless another caller brought a later one meanwhile. */
  put(stream: StreamName, folded: FoldedState<S>): void {
    const key = stream.toString();
    if ((this.#entries.get(key)?.end.version ?? 0) > folded.end.version) return;
    this.#entries.set(key, folded);
  }

  delete(stream: StreamName): void {
    this.#entries.delete(stream.toString());
  }
}
