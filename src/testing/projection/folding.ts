import assert from 'node:assert/strict';
import type { EventDefinition } from '../../event/event-registry.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { Semaphore } from '../../kernel/semaphore.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import { Projections } from '../../projection/projections.js';
import { HandlerFault } from '../../projection/run/handler-fault.js';
import { FoldingError, foldingError } from './folding-error.js';
import type { GivenCommits } from './given-commits.js';
import { GivenLog } from './given-log.js';
import { RolledBack, WatchedFold, watchedDefinition } from './watched-fold.js';

/** How long `stop()` waits for a handler that has not returned, in milliseconds. */
const STOP_TIMEOUT_MS = 1_000;

/** What is folded how. */
export interface FoldingOptions {
  readonly definition: ProjectionDefinition;
  readonly given: GivenCommits;
  /** Event types beside those of the definition. */
  readonly events: readonly EventDefinition[];
  readonly timeoutMs: number;
}

/** Two that fold into one model at a time would take the checkpoint from each other. */
const turns = new WeakMap<object, Semaphore>();

/** One run of a projection over a log of its own, from an empty model on. */
export class Folding {
  readonly #options: FoldingOptions;
  readonly #log: GivenLog;
  readonly #fold: WatchedFold<unknown>;
  readonly #definition: ProjectionDefinition;
  readonly #projections: Projections;
  readonly #failed = new AbortController();

  private constructor(options: FoldingOptions, { isRepeating }: { readonly isRepeating: boolean }) {
    const { definition, events, timeoutMs } = options;
    this.#options = options;
    this.#log = new GivenLog([...new Set([...definition.events.values(), ...events])]);
    this.#fold = new WatchedFold(definition.fold, {
      isRepeating,
      onThrown: (thrown, event) => this.#onThrown(thrown, event),
    });
    this.#definition = watchedDefinition(definition, { fold: this.#fold, isRepeating });
    this.#projections = new Projections(this.#log.store, [this.#definition], {
      onError: (error) => this.#onError(error),
      stuckAfterMs: timeoutMs,
      stopTimeoutMs: STOP_TIMEOUT_MS,
    });
  }

  /**
   * Folds all that is given, and then looks at the model.
   *
   * @param isRepeating Whether each transaction is rolled back once and repeated. @default false
   * @throws {@link FoldingError} when code of the projection throws; AssertionError when it does not get there.
   */
  static async over<R>(
    options: FoldingOptions,
    look: (folding: Folding) => Promise<R>,
    { isRepeating = false }: { readonly isRepeating?: boolean } = {},
  ): Promise<R> {
    const { store } = options.definition;
    const turn = turns.get(store) ?? new Semaphore(1);
    turns.set(store, turn);
    return turn.run(async () => {
      const folding = new Folding(options, { isRepeating });
      try {
        await folding.#guarded(async () => folding.#run());
        return await look(folding);
      } finally {
        await folding.#projections.stop();
        await folding.#log.store.close();
      }
    });
  }

  /** How many events were handled. */
  get events(): number {
    return this.#fold.events;
  }

  /** Builds the model again from what was given. */
  async rebuild(): Promise<void> {
    await this.#guarded(async () => {
      await this.#projections.rebuild(this.#definition, { signal: this.#failed.signal });
      await this.#projections.waitUntilLive(this.#wait);
    });
  }

  get #wait() {
    // a handler that hangs is told earlier
    return { timeoutMs: 2 * this.#options.timeoutMs, signal: this.#failed.signal };
  }

  async #run(): Promise<void> {
    const { stored, live = [] } = this.#options.given;
    for (const commit of stored) await this.#log.append(commit);
    await dropOtherBuilds(this.#definition);
    await this.#projections.reset(this.#definition);
    await this.#projections.start({ signal: this.#failed.signal });
    await this.#projections.waitUntilLive(this.#wait);
    for (const commit of live) {
      const position = await this.#log.append(commit, this.#definition.categories);
      await this.#projections.waitFor(this.#definition, position, this.#wait);
    }
  }

  #onThrown(thrown: unknown, event: RecordedEvent | undefined): void {
    if (!this.#isTransient(thrown)) this.#failed.abort(foldingError(thrown, event));
  }

  /** Ends the run at the first error that does not go away by itself. */
  #onError(error: Error): void {
    const cause = error.cause ?? error;
    if (!(cause instanceof RolledBack) && !this.#isTransient(cause)) this.#failed.abort(error);
  }

  #isTransient(error: unknown): boolean {
    return this.#definition.store.isTransient?.(error) === true;
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#failed.signal.throwIfAborted();
    } catch (error) {
      throw failureOf(this.#failed.signal.aborted ? this.#failed.signal.reason : error);
    }
  }
}

/** What a specification says of an error: a {@link FoldingError} for one of the projection's own code. */
function failureOf(error: unknown): unknown {
  if (error instanceof HandlerFault) return new FoldingError(error.message, { cause: error.cause });
  if (!hasJetsourceBrand(error)) return error;
  if (error.code === 'projection-failed')
    return new FoldingError(error.message, { cause: error.cause ?? error });
  const advice = ADVICE[error.code];
  if (advice === undefined) return error;
  const message = `${error.message}. ${advice}`;
  return Object.assign(new assert.AssertionError({ message, operator: 'projectionSpecification' }), {
    cause: error,
  });
}

const ADVICE: Readonly<Record<string, string>> = {
  'projection-stuck':
    'Handlers have to write and read through their transaction: one that asks the database beside it waits ' +
    'for itself. Give the option timeoutMs if it is only slow',
  'wait-timeout':
    'Another process, or a test that runs at the same time, may use the same projection in the same database: ' +
    'give each process of the test runner a database of its own. Give the option timeoutMs if it is only slow',
};

/** What rebuilds of earlier runs have left beside the model, in stores that keep models side by side. */
async function dropOtherBuilds({ name, version, store }: ProjectionDefinition): Promise<void> {
  await store.transact(undefined, async ({ models }) => {
    const stored = (await models?.list(name)) ?? [];
    for (const model of stored) {
      if (model.version === version && model.state !== 'serving') await models?.drop(model);
    }
  });
}
