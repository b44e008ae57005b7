import type { EventRegistry } from '../../event/event-registry.js';
import type { JsonValue } from '../../event/json-value.js';
import { declaredNameOf } from '../../event/event-type.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { InvalidAggregateError, UncommittedEventsError } from '../aggregate-errors.js';
import { checkInstance } from './aggregate-kind.js';
import type { AggregateModel, SnapshotCodec } from './aggregate-model.js';
import { findsHandlers, handleByEventName, type UnhandledEvents } from './event-handlers.js';
import type { AggregateClass, EventSourcedAggregate } from './event-sourced-aggregate.js';
import { Loan } from './loan.js';
import { misspeltHandlers } from './misspelt-handlers.js';

/** What a decision on an instance came to. */
export interface InstanceDecision<T> {
  readonly value: T;
  /** What it has applied. */
  readonly events: readonly object[];
}

/** Options of a {@link ClassModel}. */
export interface ClassModelOptions {
  /** What to do about events without an `on…` method. @default 'ignore' */
  readonly unhandledEvents?: UnhandledEvents | undefined;
  /** Told of events that are applied after their decision has returned. @default nobody */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** A class of aggregates as a repository sees it. */
export class ClassModel<A extends EventSourcedAggregate> implements AggregateModel<A> {
  readonly changesInPlace = true;
  readonly name: string;
  readonly snapshot: SnapshotCodec<A> | undefined;
  readonly #aggregateClass: AggregateClass<A>;
  readonly #unhandled: UnhandledEvents;
  readonly #onWarning: (warning: string) => void;
  /** Instances that code outside of their decision has tried to change. */
  readonly #touched = new WeakSet<A>();

  constructor(aggregateClass: AggregateClass<A>, options: ClassModelOptions) {
    const { unhandledEvents = 'ignore', onWarning = () => undefined } = options;
    this.name = aggregateClass.name;
    this.#aggregateClass = aggregateClass;
    this.#unhandled = unhandledEvents;
    this.#onWarning = onWarning;
    this.snapshot = this.#snapshotCodec();
  }

  /**
   * Says which `on…` methods can never be called: a misspelt one would be skipped in silence.
   *
   * @throws {@link InvalidAggregateError} naming the first, when events without a method are to fail.
   */
  checkHandlers(registry: EventRegistry): void {
    const prototype = this.#aggregateClass.prototype as object;
    if (!findsHandlers(prototype)) return;
    for (const reason of misspeltHandlers(prototype, registry)) {
      if (this.#unhandled === 'fail') throw new InvalidAggregateError({ aggregate: this.name, reason });
      this.#onWarning(`${this.name}: ${reason}`);
    }
  }

  initial(id: string): A {
    const aggregate = new this.#aggregateClass(id);
    checkInstance(aggregate, this.name);
    this.checkKeepsEvents(aggregate);
    handleByEventName(aggregate, this.#unhandled);
    this.#keepFromCommit(aggregate);
    this.#guardApply(aggregate);
    return aggregate;
  }

  fold(aggregate: A, events: readonly object[]): A {
    aggregate.loadFromHistory([...events]);
    return aggregate;
  }

  afterCommit(aggregate: A): A {
    aggregate.uncommit();
    return aggregate;
  }

  leftovers(aggregate: A, decided: number): number {
    return this.#touched.has(aggregate) ? Infinity : aggregate.getUncommittedEvents().length - decided;
  }

  /**
   * Lets `decide` work on an instance. Meanwhile `commit()` does nothing: the events are stored when `decide`
   * is done. What is applied after that is no part of the decision.
   */
  async lend<T>(
    aggregate: A,
    decide: (aggregate: A) => T | PromiseLike<T>,
  ): Promise<InstanceDecision<Awaited<T>>> {
    const loan = new Loan();
    loan.lend(aggregate);
    try {
      const value = await loan.run(() => decide(aggregate));
      return { value, events: this.eventsOf(aggregate) };
    } finally {
      loan.end();
    }
  }

  /**
   * The events that an instance has applied and keeps.
   *
   * @throws {@link InvalidOptionError} when it publishes them in place of keeping them.
   */
  eventsOf(aggregate: A): readonly object[] {
    this.checkKeepsEvents(aggregate);
    return [...aggregate.getUncommittedEvents()];
  }

  /**
   * With `autoCommit`, an `AggregateRoot` publishes its events instead of keeping them: there would be
   * nothing to store.
   *
   * @throws {@link InvalidOptionError} when it is set.
   */
  checkKeepsEvents(aggregate: A): void {
    if (!('autoCommit' in aggregate) || aggregate.autoCommit !== true) return;
    throw new InvalidOptionError({
      option: `${this.name}.autoCommit`,
      given: true,
      allowed: 'false: the repository stores what the aggregate keeps',
    });
  }

  /**
   * `commit()` of an `AggregateRoot` forgets its events and hands them to a publisher, without waiting for
   * it. An instance that a repository made keeps its events instead, until `update` or `save` has stored
   * them.
   */
  #keepFromCommit(aggregate: A): void {
    if (!('commit' in aggregate)) return;
    const commit = (): void => {
      const { length: count } = aggregate.getUncommittedEvents();
      if (count === 0 || Loan.has(aggregate)) return;
      throw new UncommittedEventsError({ aggregate: this.name, count });
    };
    Object.defineProperty(aggregate, 'commit', { configurable: true, writable: true, value: commit });
  }

  /**
   * An event that is applied after its decision has returned (a forgotten `await`) would be stored with the
   * next caller's command. It is left out, and told.
   */
  #guardApply(aggregate: A): void {
    if (!('apply' in aggregate) || typeof aggregate.apply !== 'function') return;
    const apply = aggregate.apply as (event: object, ...rest: unknown[]) => unknown;
    const guarded = (event: object, ...rest: unknown[]): unknown => {
      this.checkKeepsEvents(aggregate);
      if (!Loan.isOverFor(aggregate)) return apply.call(aggregate, event, ...rest);
      this.#touched.add(aggregate);
      this.#onWarning(tooLate(this.name, event));
      return undefined;
    };
    Object.defineProperty(aggregate, 'apply', { configurable: true, writable: true, value: guarded });
  }

  #snapshotCodec(): SnapshotCodec<A> | undefined {
    if (!keepsSnapshots(this.#aggregateClass.prototype)) return undefined;
    return {
      toSnapshot: (aggregate) => (aggregate as A & KeepsSnapshots).toSnapshot(),
      fromSnapshot: (snapshot, id) => {
        const aggregate = this.initial(id);
        (aggregate as A & KeepsSnapshots).fromSnapshot(snapshot);
        return aggregate;
      },
    };
  }
}

function tooLate(aggregate: string, event: object): string {
  const type = declaredNameOf(event) ?? event.constructor.name;
  return (
    `${aggregate}: ${type} was applied after the decision had returned, and is not stored; ` +
    'an await is missing in the decision'
  );
}

/** The methods of an aggregate class whose repository keeps snapshots. */
export interface KeepsSnapshots {
  /** All of the state, as JSON. Called when a snapshot is due. */
  toSnapshot(): JsonValue;
  /** Takes the state over. Called on a new instance, before the events after the snapshot are applied. */
  fromSnapshot(snapshot: JsonValue): void;
}

function keepsSnapshots(prototype: object): prototype is KeepsSnapshots {
  return 'toSnapshot' in prototype && 'fromSnapshot' in prototype;
}
