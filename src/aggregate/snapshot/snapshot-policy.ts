import { checkKnownOptions, integerOption } from '../../kernel/options.js';
import type { SnapshotStore } from './snapshot.js';

/** Whether, when and where a repository keeps snapshots. */
export interface SnapshotOptions {
  readonly store: SnapshotStore;
  /** Version of the state's shape: raise it when code of today cannot read the states of yesterday. @default 1 */
  readonly contract?: number | undefined;
  /** Events between two snapshots of a stream. @default 100 */
  readonly every?: number | undefined;
  /** Also when folding the events behind the last snapshot took that long, in milliseconds. @default never */
  readonly afterFoldMs?: number | undefined;
  /** Also at the first version that is stored. @default false */
  readonly atFirst?: boolean | undefined;
  /** How long a load waits for a snapshot before it folds all events, in milliseconds. @default 500 */
  readonly timeoutMs?: number | undefined;
}

const OPTIONS = ['store', 'contract', 'every', 'afterFoldMs', 'atFirst', 'timeoutMs'];

/** When a snapshot is due. */
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
