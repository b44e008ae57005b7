import { LRUCache } from 'lru-cache';
import type { StreamName } from '../../event/stream-name.js';
import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import type { FoldedState } from '../state/folded-state.js';

/** How many folded aggregates a repository keeps in this process. */
export interface CacheOptions {
  /** Most aggregates to keep, at least 1. The least recently used one is dropped first. @default 1_000 */
  readonly max?: number | undefined;
}

const DEFAULT_MAX = 1_000;

/**
 * Folded aggregates of one repository in this process. A command on one of them costs one round trip, the
 * append.
 *
 * An entry that is taken is removed until it is given back, so that only one command uses it; a failure drops
 * it. A stale entry does no harm: the append names the commit that it was folded up to, and conflicts.
 */
export class AggregateCache<S> {
  readonly #entries: LRUCache<string, FoldedState<S>>;

  /** @throws {@link InvalidOptionError} when `max` is no positive integer. */
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

  /** Leaves the entry in the cache: for states that are never changed in place. */
  peek(stream: StreamName): FoldedState<S> | undefined {
    return this.#entries.get(stream.toString());
  }

  /** Keeps a folded aggregate, unless another caller has given back a later version. */
  put(stream: StreamName, folded: FoldedState<S>): void {
    const key = stream.toString();
    if ((this.#entries.get(key)?.lastCommit.version ?? 0) > folded.lastCommit.version) return;
    this.#entries.set(key, folded);
  }

  delete(stream: StreamName): void {
    this.#entries.delete(stream.toString());
  }

  /** Drops all of them: the log may have lost the events that they were folded from. */
  clear(): void {
    this.#entries.clear();
  }
}
