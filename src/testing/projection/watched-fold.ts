import type { RecordedEvent } from '../../event/recorded-event.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import type { FoldBatch, ModelFold } from '../../projection/fold/model-fold.js';

/** Rolls back a transaction whose handlers have all returned, as a crash right before the commit does. */
export class RolledBack extends Error {
  override readonly name = 'RolledBack';

  constructor() {
    super('the specification rolls the transaction back, to see it repeated');
  }
}

/** How a fold is watched. */
export interface FoldWatch {
  /** Whether each transaction is rolled back once and repeated. */
  readonly isRepeating: boolean;
  /** Told what a handler threw at an event; without an event, what the write of rows threw. */
  readonly onThrown: (thrown: unknown, event: RecordedEvent | undefined) => void;
}

/** Folds as a projection does, and knows which events were handled. */
export class WatchedFold<Tx> implements ModelFold<Tx> {
  readonly #fold: ModelFold<Tx>;
  readonly #watch: FoldWatch;
  /** Ids of the events that were handled, in transactions that were rolled back as well. */
  readonly #handled = new Set<string>();

  constructor(fold: ModelFold<Tx>, watch: FoldWatch) {
    this.#fold = fold;
    this.#watch = watch;
  }

  /** How many events were handled. */
  get events(): number {
    return this.#handled.size;
  }

  async apply(tx: Tx, batch: FoldBatch): Promise<void> {
    await this.#apply(tx, batch);
    batch.begins('the end of the transaction');
    const isRepeated = batch.events.every(({ id }) => this.#handled.has(id));
    for (const { id } of batch.events) this.#handled.add(id);
    if (this.#watch.isRepeating && !isRepeated) throw new RolledBack();
  }

  async #apply(tx: Tx, batch: FoldBatch): Promise<void> {
    let current: RecordedEvent | undefined;
    const handles = (index: number): void => {
      current = batch.events[index];
      batch.handles(index);
    };
    const begins = (what: string): void => {
      current = undefined;
      batch.begins(what);
    };
    try {
      await this.#fold.apply(tx, { ...batch, handles, begins });
    } catch (error) {
      this.#watch.onThrown(error, current);
      throw error;
    }
  }

  async clear(tx: Tx): Promise<unknown> {
    return this.#fold.clear(tx);
  }
}

/** The definition with another fold, which stops at the first error, and reads the log itself. */
export function watchedDefinition(
  definition: ProjectionDefinition,
  { fold, isRepeating }: { readonly fold: ModelFold<unknown>; readonly isRepeating: boolean },
): ProjectionDefinition {
  // what is rolled back on purpose counts as an attempt
  const maxAttempts = isRepeating ? Number.MAX_SAFE_INTEGER : 1;
  const failure = { maxAttempts, backoffMs: [0], then: 'stop' } as const;
  return { ...definition, fold, failure, readFrom: undefined };
}
