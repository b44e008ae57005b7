import assert from 'node:assert/strict';
import { ClassModel } from '../aggregate/model/class-model.js';
import { asEvents, type Decider } from '../aggregate/model/decider.js';
import type { AggregateClass, EventSourcedAggregate } from '../aggregate/model/event-sourced-aggregate.js';
import { deepFreeze } from '../kernel/deep-freeze.js';
import { describeEvents, isExpectedError, type ExpectedError } from './expected-error.js';

/** Result of a decision: the events and the state after them, or the error that it was refused with. */
type DecisionOutcome<Event, State> = Accepted<Event, State> | { readonly refusal: unknown };

interface Accepted<Event, State> {
  readonly events: readonly Event[];
  readonly state: State;
}

/** Decides on an action, given a history. Errors outside of the decision itself are thrown. */
type Decide<Action, Event, State> = (
  history: readonly Event[],
  action: Action,
) => Promise<DecisionOutcome<Event, State>>;

/**
 * Given/when/then tests for a decider or an aggregate class: given these events, when this command is
 * handled, then these events are the result. It needs no store and works with any test runner. A failed
 * expectation rejects with an `AssertionError`, so each one must be awaited or returned.
 *
 * The states of a decider are frozen, so that a decider that mutates its state fails.
 *
 * @example
 * await specification(account)
 *   .given([new MoneyDeposited(10)])
 *   .when({ type: 'withdraw', amount: 4 })
 *   .thenEvents([new MoneyWithdrawn(4)]);
 * @example
 * await specification(Order)
 *   .given([new OrderPlaced('ada')])
 *   .when((order) => order.cancel())
 *   .thenError(AlreadyShippedError);
 */
export function specification<Command, Event extends object, State>(
  decider: Decider<Command, Event, State>,
): Specification<Command, Event, State>;
export function specification<A extends EventSourcedAggregate>(
  aggregateClass: AggregateClass<A>,
  options?: {
    /** Id of the aggregate. @default 'an-id' */
    readonly id?: string | undefined;
  },
): Specification<(aggregate: A) => unknown, object, A>;
export function specification(
  kind: Decider<unknown, object, unknown> | AggregateClass,
  { id = 'an-id' }: { readonly id?: string | undefined } = {},
): unknown {
  return typeof kind === 'function'
    ? new Specification(decideOnInstance(kind, id))
    : new Specification(decideOnState(kind));
}

/**
 * The specification of one decider or aggregate class, made by {@link specification}. It can be used for any
 * number of cases.
 */
export class Specification<Action, Event extends object, State> {
  readonly #decide: Decide<Action, Event, State>;

  /** @internal */
  constructor(decide: Decide<Action, Event, State>) {
    this.#decide = decide;
  }

  /** Sets the history: the events that the stream already has, in order. */
  given(history: readonly Event[]): { when(action: Action): Expectations<Event, State> } {
    return { when: (action) => new Expectations(async () => this.#decide(history, action)) };
  }

  /** Sets the command of a decider, or the call on an aggregate, for a stream without events. */
  when(action: Action): Expectations<Event, State> {
    return this.given([]).when(action);
  }
}

/** Expectations on a decision. Each one runs the decision again. */
export class Expectations<Event extends object, State> {
  readonly #decide: () => Promise<DecisionOutcome<Event, State>>;

  /** @internal */
  constructor(decide: () => Promise<DecisionOutcome<Event, State>>) {
    this.#decide = decide;
  }

  /**
   * Expects exactly these events, in order, with the same classes and data.
   *
   * @throws AssertionError otherwise, and when the decision was refused.
   */
  async thenEvents(expected: readonly Event[]): Promise<void> {
    const { events } = await this.#accepted();
    assert.deepEqual([...events], [...expected]);
  }

  /**
   * Expects no events and no error.
   *
   * @throws AssertionError otherwise.
   */
  async thenNothing(): Promise<void> {
    const { events } = await this.#accepted();
    assert.equal(events.length, 0, `expected no events, but got ${describeEvents(events)}`);
  }

  /**
   * Expects an error.
   *
   * @param expected Class of the error, part of its message, pattern for it, or predicate. @default any error
   * @throws AssertionError when there is no error, or another one.
   */
  async thenError(expected?: ExpectedError): Promise<void> {
    const outcome = await this.#decide();
    if (!('refusal' in outcome)) assert.fail(`expected an error, but got ${describeEvents(outcome.events)}`);
    if (expected === undefined || isExpectedError(outcome.refusal, expected)) return;
    throw new assert.AssertionError({
      message: 'failed with another error than expected',
      actual: outcome.refusal,
      expected,
      operator: 'thenError',
    });
  }

  /**
   * Expects no error, and checks the state after the new events.
   *
   * @param check Asserts on the state, or returns `false` if it is wrong.
   * @throws AssertionError when the decision was refused or `check` returned `false`; also what `check`
   *   throws.
   */
  async thenState(check: (state: State) => unknown): Promise<void> {
    const { state } = await this.#accepted();
    if ((await check(state)) !== false) return;
    throw new assert.AssertionError({
      message: 'the check of the state returned false',
      actual: state,
      operator: 'thenState',
    });
  }

  async #accepted(): Promise<Accepted<Event, State>> {
    const outcome = await this.#decide();
    if (!('refusal' in outcome)) return outcome;
    throw Object.assign(
      new assert.AssertionError({
        message: `failed with ${String(outcome.refusal)}`,
        actual: outcome.refusal,
        operator: 'specification',
      }),
      { cause: outcome.refusal },
    );
  }
}

function decideOnState<Command, Event extends object, State>({
  initialState,
  decide,
  evolve,
}: Decider<Command, Event, State>): Decide<Command, Event, State> {
  const fold = (from: State, events: readonly Event[]): State =>
    events.reduce((state, event) => deepFreeze(evolve(state, event)), deepFreeze(from));
  return async (history, command) => {
    const before = fold(initialState, history);
    const decided = await attempt(async () => asEvents(await decide(command, before)));
    return 'refusal' in decided ? decided : { ...decided, state: fold(before, decided.events) };
  };
}

function decideOnInstance<A extends EventSourcedAggregate>(
  aggregateClass: AggregateClass<A>,
  id: string,
): Decide<(aggregate: A) => unknown, object, A> {
  const model = new ClassModel(aggregateClass, {});
  return async (history, act) => {
    const aggregate = model.fold(model.initial(id), history);
    const decided = await attempt(async () => {
      await model.lend(aggregate, act);
      return [...aggregate.getUncommittedEvents()];
    });
    return 'refusal' in decided ? decided : { ...decided, state: aggregate };
  };
}

async function attempt<Event>(
  decide: () => Promise<readonly Event[]>,
): Promise<{ readonly events: readonly Event[] } | { readonly refusal: unknown }> {
  try {
    return { events: await decide() };
  } catch (refusal) {
    return { refusal };
  }
}
