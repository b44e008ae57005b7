import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import type { SnapshotStore } from './snapshot.js';

/** Where and when a repository keeps snapshots. */
export interface SnapshotOptions {
  /** Such as that of {@link jetStreamSnapshots} or {@link inMemorySnapshots}. Required. */
  readonly store: SnapshotStore;
  /**
   * Version of the state's shape. Raise it when the code cannot read older states: they are ignored then.
   *
   * @default 1
   */
  readonly contract?: number | undefined;
  /** A snapshot is due after this many events, at least 1. @default 100 */
  readonly every?: number | undefined;
  /** Also when folding the events after the last snapshot took this long, in milliseconds. @default never */
  readonly afterFoldMs?: number | undefined;
  /** Also after the first commit. @default false */
  readonly atFirst?: boolean | undefined;
  /** How long a load waits for a snapshot, in milliseconds; then it folds all events. @default 500 */
  readonly timeoutMs?: number | undefined;
}

const OPTIONS = ['store', 'contract', 'every', 'afterFoldMs', 'atFirst', 'timeoutMs'];

/** Tells when a snapshot is due. */
export class SnapshotPolicy {
  readonly contract: number;
  readonly timeoutMs: number;
  readonly #every: number;
  readonly #afterFoldMs: number;
  readonly #atFirst: boolean;

  /** @throws {@link InvalidOptionError} when an option cannot work. */
  constructor(options: SnapshotOptions) {
    checkKnownOptions(options, OPTIONS, 'snapshots.');
    this.contract = integerOption('snapshots.contract', options.contract, { fallback: 1 });
    this.timeoutMs = integerOption('snapshots.timeoutMs', options.timeoutMs, { fallback: 500 });
    this.#every = integerOption('snapshots.every', options.every, { fallback: 100 });
    this.#afterFoldMs = integerOption('snapshots.afterFoldMs', options.afterFoldMs, {
      fallback: Infinity,
      min: 0,
    });
    this.#atFirst = options.atFirst ?? false;
  }

  /**
   * @param version Of the state.
   * @param snapshotVersion Of the latest snapshot, 0 for none.
   * @param foldMs How long folding the events between them took, 0 where they were folded one by one.
   */
  isDue(version: number, snapshotVersion: number, foldMs: number): boolean {
    if (version <= snapshotVersion) return false;
    if (version - snapshotVersion >= this.#every || foldMs >= this.#afterFoldMs) return true;
    return this.#atFirst && snapshotVersion === 0;
  }
}
