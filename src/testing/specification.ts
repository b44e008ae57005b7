import assert from 'node:assert/strict';
import { ClassModel } from '../aggregate/model/class-model.js';
import { asEvents, type Decider } from '../aggregate/model/decider.js';
import type { AggregateClass, EventSourcedAggregate } from '../aggregate/model/event-sourced-aggregate.js';
import { deepFreeze } from './deep-freeze.js';
import { describeEvents, isExpectedError, type ExpectedError } from './expected-error.js';

/** What a decision came to: events and the state behind them, or what it was refused with. */
type DecisionOutcome<Event, State> = Accepted<Event, State> | { readonly refusal: unknown };

interface Accepted<Event, State> {
  readonly events: readonly Event[];
  readonly state: State;
}

/** Decides on an action, behind a history. What fails otherwise than by refusing is no outcome, and thrown. */
type Decide<Action, Event, State> = (
  history: readonly Event[],
  action: Action,
) => Promise<DecisionOutcome<Event, State>>;

/**
 * Specifies how a decider, or a class of aggregates, decides: given a history, when something is asked of it, then that is what comes of it. Needs no
 * store, and works under any test runner: what does not hold rejects with an `AssertionError`, so each line has to be awaited or returned.
 *
 * The states of a decider are frozen, so that one that changes a state in place is found out.
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
    /** Of the aggregate. @default 'an-id' */
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

/** Made by {@link specification}; can be kept and used for any number of cases. */
export class Specification<Action, Event extends object, State> {
  readonly #decide: Decide<Action, Event, State>;

  /** @internal */
  constructor(decide: Decide<Action, Event, State>) {
    this.#decide = decide;
  }

  /** The events that have happened, in order. */
  given(history: readonly Event[]): { when(action: Action): Expectations<Event, State> } {
    return { when: (action) => new Expectations(async () => this.#decide(history, action)) };
  }

  /** Without a history. */
  when(action: Action): Expectations<Event, State> {
    return this.given([]).when(action);
  }
}

/** What may be expected of a decision. Each line decides anew. */
export class Expectations<Event extends object, State> {
  readonly #decide: () => Promise<DecisionOutcome<Event, State>>;

  /** @internal */
  constructor(decide: () => Promise<DecisionOutcome<Event, State>>) {
    this.#decide = decide;
  }

  /** Exactly these events, in order: of the same classes, with the same data. */
  async thenEvents(expected: readonly Event[]): Promise<void> {
    const { events } = await this.#accepted();
    assert.deepEqual([...events], [...expected]);
  }

  /** No event, and no refusal. */
  async thenNothing(): Promise<void> {
    const { events } = await this.#accepted();
    assert.equal(events.length, 0, `nothing was to happen, but ${describeEvents(events)} did`);
  }

  /**
   * A refusal.
   *
   * @param expected The class of the error, (a part of) its message, or a predicate. @default any error
   */
  async thenError(expected?: ExpectedError): Promise<void> {
    const outcome = await this.#decide();
    if (!('refusal' in outcome))
      assert.fail(`was not refused, but decided ${describeEvents(outcome.events)}`);
    if (expected === undefined || isExpectedError(outcome.refusal, expected)) return;
    throw new assert.AssertionError({
      message: 'was refused with another error than expected',
      actual: outcome.refusal,
      expected,
      operator: 'thenError',
    });
  }

  /** No refusal, and a state behind the events that a function finds right: it asserts, or returns `false` for one that is not. */
  async thenState(check: (state: State) => unknown): Promise<void> {
    const { state } = await this.#accepted();
    if ((await check(state)) !== false) return;
    throw new assert.AssertionError({
      message: 'the state is not as expected',
      actual: state,
      operator: 'thenState',
    });
  }

  async #accepted(): Promise<Accepted<Event, State>> {
    const outcome = await this.#decide();
    if (!('refusal' in outcome)) return outcome;
    throw Object.assign(
      new assert.AssertionError({
        message: `was refused: ${String(outcome.refusal)}`,
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
