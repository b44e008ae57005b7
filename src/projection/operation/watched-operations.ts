import { describeThrown } from '../../kernel/describe-thrown.js';
import { hasJetsourceBrand, type Outcome } from '../../kernel/jetsource-error.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionOperationError } from '../projection-errors.js';
import type { ProjectionStore } from '../store/projection-store.js';

/** One call of an operation. */
interface Operation {
  /** Name of the method. */
  readonly name: string;
  /** Its own reason is thrown as it is. */
  readonly signals?: readonly (AbortSignal | undefined)[];
}

/** An operation at work. It makes its changes by way of the definition that it is given, whose store is watched. */
type Work<T> = (definition: ProjectionDefinition) => Promise<T>;

/**
 * Runs operations on a projection, so that an error of the database's driver reaches the caller as one that says
 * what became of the data.
 */
export class WatchedOperations {
  readonly #definition: ProjectionDefinition;

  constructor(definition: ProjectionDefinition) {
    this.#definition = definition;
  }

  /** @throws {@link ProjectionOperationError} for what is no error of jetsource. */
  async run<T>({ name: operation, signals = [] }: Operation, work: Work<T>): Promise<T> {
    const { name: projection, version, store } = this.#definition;
    const transactions = new WatchedStore(store);
    try {
      return await work({ ...this.#definition, store: transactions });
    } catch (cause) {
      const isReason = signals.some((signal) => signal?.aborted === true && signal.reason === cause);
      if (hasJetsourceBrand(cause) || isReason) throw cause;
      const details = { projection, version, operation, reason: describeThrown(cause) };
      throw new ProjectionOperationError({ ...details, outcome: transactions.outcome }, { cause });
    }
  }
}

/** Notes whether a transaction may have been committed. */
class WatchedStore implements ProjectionStore<unknown> {
  /** `unknown` from the moment on at which a transaction is to be committed. */
  outcome: Outcome = 'not-applied';
  readonly rows: ProjectionStore<unknown>['rows'];
  readonly #store: ProjectionStore<unknown>;

  constructor(store: ProjectionStore<unknown>) {
    this.#store = store;
    this.rows = store.rows;
  }

  isTransient(error: unknown): boolean {
    return this.#store.isTransient?.(error) === true;
  }

  readonly transact: ProjectionStore<unknown>['transact'] = async (model, work) => {
    const { outcome } = this;
    try {
      return await this.#store.transact(model, async (transaction) => {
        const result = await work(transaction);
        this.outcome = 'unknown';
        return result;
      });
    } catch (error) {
      // the database has refused the commit
      if (this.#store.isTransient?.(error) === false) this.outcome = outcome;
      throw error;
    }
  };
}
