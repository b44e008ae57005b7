import assert from 'node:assert/strict';
import type { EventDefinition } from '../../event/event-registry.js';
import type { NewEvent } from '../../event/new-event.js';
import type { StreamLike } from '../../event/stream-name.js';
import { integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionsObject } from '../../projection/checked-options.js';
import { checkDefinitions } from '../../projection/definition/check-definitions.js';
import type { LiveProjection } from '../../projection/definition/live-projection.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import { type ExpectedError, isExpectedError } from '../expected-error.js';
import { assertRows, assertSame, textOf } from './comparison.js';
import { Folding, type FoldingOptions } from './folding.js';
import { FoldingError } from './folding-error.js';
import { type GivenEntry, GivenCommits, type GivenOptions } from './given-commits.js';
import { type ModelRead, readModel, withModel } from './model-reader.js';

const DEFAULT_TIMEOUT_MS = 3_000;

/** Options of {@link projectionSpecification}. */
export interface ProjectionSpecificationOptions {
  /** Event types that are given and that the projection does not handle. @default none */
  readonly events?: readonly EventDefinition[] | undefined;
  /**
   * How long a handler or a transaction may take, in milliseconds. A test runner's own limit has to be higher.
   *
   * @default 3_000
   */
  readonly timeoutMs?: number | undefined;
}

/**
 * Given/then tests for a projection of any style: given these events, then the model holds these rows. The
 * events go into an event store in memory, and the projection runs as in a service, into its own store. It works
 * with any test runner. A failed expectation rejects with an `AssertionError`, so each one must be awaited or
 * returned.
 *
 * **It empties the model of that name and version in the projection's store**, before each expectation, and the
 * checkpoint there belongs to a log that is gone afterwards. So tests do not depend on each other. Use a database
 * of the tests only: a service that ran on it would report the projection as diverged, until it is rebuilt.
 * Processes of a test runner that run at the same time need a database each.
 *
 * An error of a handler fails the expectation at once, whatever `onFailure` says. All events are read, whatever
 * `from` says.
 *
 * @throws {@link InvalidOptionError} when it is no projection, or an option does not exist or cannot work.
 * @example
 * await projectionSpecification(orderSummary)
 *   .given('order/42', [new OrderPlaced('ada')])
 *   .given('order/43', [new OrderPlaced('ada')], { at: new Date('2026-01-01') })
 *   .thenRows(async (tx) => (await tx.query('select * from order_summary')).rows, [
 *     { customer: 'ada', orders: 2 },
 *   ]);
 * @example
 * await projectionSpecification(orderCount)
 *   .given('order/42', [new OrderPlaced('ada')])
 *   .thenModel((counts) => counts.get('ada') === 1);
 */
export function projectionSpecification<State extends object>(
  definition: LiveProjection<State>,
  options?: ProjectionSpecificationOptions,
): ProjectionSpecification<State>;
export function projectionSpecification<Tx>(
  definition: ProjectionDefinition<Tx>,
  options?: ProjectionSpecificationOptions,
): ProjectionSpecification<Tx>;
export function projectionSpecification(
  definition: ProjectionDefinition,
  options: ProjectionSpecificationOptions = {},
): ProjectionSpecification<never> {
  checkDefinitions([definition]);
  checkOptionsObject(options, { object: 'options', known: ['events', 'timeoutMs'] });
  const timeoutMs = integerOption('timeoutMs', options.timeoutMs, {
    fallback: DEFAULT_TIMEOUT_MS,
    max: LONGEST_TIMER_MS / 2,
  });
  const given = new GivenCommits();
  return new ProjectionSpecification({ definition, given, events: options.events ?? [], timeoutMs });
}

/**
 * The specification of one projection, made by {@link projectionSpecification}. It is not changed by its methods,
 * so that cases can share a beginning.
 */
export class ProjectionSpecification<Model> {
  readonly #options: FoldingOptions;

  /** @internal */
  constructor(options: FoldingOptions) {
    this.#options = options;
  }

  /**
   * Adds a commit: events that are stored together in one stream.
   *
   * @throws {@link InvalidOptionError} when there are no events, or an option cannot work.
   */
  given(
    stream: StreamLike,
    events: readonly NewEvent[],
    options?: GivenOptions,
  ): ProjectionSpecification<Model> {
    return this.givenTransaction([{ stream, events }], options);
  }

  /**
   * Adds a transaction over several streams, which the projection applies as a whole.
   *
   * @throws {@link InvalidOptionError} when there are no events, or an option cannot work.
   */
  givenTransaction(entries: readonly GivenEntry[], options?: GivenOptions): ProjectionSpecification<Model> {
    return this.#with(this.#options.given.with(entries, options));
  }

  /**
   * Lets the projection catch up with what was given so far (for handlers: `isReplay`). What is given after this
   * comes when it is live, one commit after the other.
   */
  live(): ProjectionSpecification<Model> {
    return this.#with(this.#options.given.fromNowLive());
  }

  /**
   * Expects exactly these rows, in any order. A column that is missing counts as null.
   *
   * @param read Name of a table, with {@link inMemoryProjectionStore}, or a function that reads the rows.
   * @throws AssertionError with the difference otherwise, and when a handler fails.
   * @example
   * await spec.thenRows('order_summary', [{ customer: 'ada', orders: 2 }]);
   */
  async thenRows(read: ModelRead<Model>, expected: readonly object[]): Promise<void> {
    const rows = await this.#folded(async () => readModel(this.#options.definition, read));
    assertRows(rows, expected);
  }

  /**
   * Checks the model.
   *
   * @param check Asserts on what handlers are given, the transaction or the state of a live projection, or
   *   returns `false` if the model is wrong.
   * @throws AssertionError when a handler failed or `check` returned `false`; also what `check` throws.
   */
  async thenModel(check: (model: Model) => unknown): Promise<void> {
    const result = await this.#folded(async () =>
      withModel(this.#options.definition, check as (model: unknown) => unknown),
    );
    if (result === false) fail('the check of the model returned false');
  }

  /**
   * Expects a handler to fail.
   *
   * @param expected Class of the error, part of its message, pattern for it, or predicate. @default any error
   * @throws AssertionError when none fails, or it fails with another error.
   */
  async thenError(expected?: ExpectedError): Promise<void> {
    const { cause } = await this.#foldingError();
    if (expected === undefined || isExpectedError(cause, expected)) return;
    throw new assert.AssertionError({
      message: 'failed with another error than expected',
      actual: cause,
      expected,
      operator: 'thenError',
    });
  }

  /**
   * Expects the same model when it is folded again: when each transaction is rolled back after its handlers, as by
   * a crash, and repeated; and when the model is rebuilt. That finds handlers that write outside of their
   * transaction, and models that depend on more than their events: the time of day, random numbers, a state in
   * memory, `isReplay`, rows that `clear` leaves.
   *
   * @param read What is compared: see {@link thenRows}. @default all of a model in memory
   * @throws AssertionError with the difference otherwise, and when a handler fails or handles no event.
   * @example
   * await spec.given('order/42', [new OrderPlaced('ada')]).thenRepeatable('order_summary');
   */
  async thenRepeatable(read?: ModelRead<Model>): Promise<void> {
    const { definition } = this.#options;
    const text = async (): Promise<string> => textOf(await readModel(definition, read));
    const first = await this.#folded(async ({ events }) => {
      if (events === 0) fail('the projection handles none of the events: give it some that it does');
      return text();
    });
    const { repeated, rebuilt } = await this.#folded(
      async (folding) => {
        const before = await text();
        await folding.rebuild();
        return { repeated: before, rebuilt: await text() };
      },
      { isRepeating: true },
    );
    const operator = 'thenRepeatable';
    assertSame(`the model is another one after each transaction was ${CAUSES.repeated}`, {
      actual: repeated,
      expected: first,
      operator,
    });
    assertSame(`the model is another one after it was ${CAUSES.rebuilt}`, {
      actual: rebuilt,
      expected: first,
      operator,
    });
  }

  #with(given: GivenCommits): ProjectionSpecification<Model> {
    return new ProjectionSpecification({ ...this.#options, given });
  }

  /** Folds, and throws what fails as an AssertionError. */
  async #folded<R>(
    look: (folding: Folding) => Promise<R>,
    how: { readonly isRepeating?: boolean } = {},
  ): Promise<R> {
    try {
      return await Folding.over(this.#options, look, how);
    } catch (error) {
      if (!(error instanceof FoldingError)) throw error;
      const when = how.isRepeating === true ? ' when its transactions were repeated or it was rebuilt' : '';
      return fail(`failed${when}: ${error.message}`, error.cause);
    }
  }

  async #foldingError(): Promise<FoldingError> {
    try {
      await Folding.over(this.#options, async () => undefined);
    } catch (error) {
      if (error instanceof FoldingError) return error;
      throw error;
    }
    return fail('expected an error, but all events were folded');
  }
}

const CAUSES = {
  repeated:
    'rolled back once and repeated: handlers have to write through their transaction only, and what they write ' +
    'must follow from the events (event.time, not the clock; no random numbers)',
  rebuilt:
    'rebuilt: what handlers write must follow from the events (event.time, not the clock; no random numbers; not ' +
    'from isReplay), and clear has to empty all tables',
};

function fail(message: string, cause?: unknown): never {
  const details = cause === undefined ? {} : { actual: cause };
  const error = new assert.AssertionError({ message, ...details, operator: 'projectionSpecification' });
  throw cause === undefined ? error : Object.assign(error, { cause });
}
