import type { JsonValue } from '../../event/metadata.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { UncommittedEventsError } from '../aggregate-errors.js';
import { checkInstance } from './aggregate-kind.js';
import type { AggregateModel, SnapshotCodec } from './aggregate-model.js';
import { handleByEventName, type UnhandledEvents } from './event-handlers.js';
import type { AggregateClass, EventSourcedAggregate } from './event-sourced-aggregate.js';

/** A class of aggregates as a repository sees it. */
export class ClassModel<A extends EventSourcedAggregate> implements AggregateModel<A> {
  readonly changesInPlace = true;
  readonly name: string;
  readonly snapshot: SnapshotCodec<A> | undefined;
  readonly #aggregateClass: AggregateClass<A>;
  readonly #unhandled: UnhandledEvents;
  /** Instances that a decision is working on: their events are stored when it is done. */
  readonly #lent = new WeakSet<A>();

  /** @param unhandledEvents What to do about events without an `on…` method. @default 'ignore' */
  constructor(
    aggregateClass: AggregateClass<A>,
    { unhandledEvents = 'ignore' }: { readonly unhandledEvents?: UnhandledEvents | undefined },
  ) {
    this.name = aggregateClass.name;
    this.#aggregateClass = aggregateClass;
    this.#unhandled = unhandledEvents;
    this.snapshot = this.#snapshotCodec();
  }

  initial(id: string): A {
    const aggregate = new this.#aggregateClass(id);
    checkInstance(aggregate, this.name);
    this.checkKeepsEvents(aggregate);
    handleByEventName(aggregate, this.#unhandled);
    this.#keepFromCommit(aggregate);
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

  /**
   * Lets `decide` work on an instance. Meanwhile `commit()` does nothing: the events are stored when `decide`
   * is done.
   */
  async lend<T>(aggregate: A, decide: (aggregate: A) => T | PromiseLike<T>): Promise<Awaited<T>> {
    const takeBack = this.lendOut(aggregate);
    try {
      return await decide(aggregate);
    } finally {
      takeBack();
    }
  }

  /** Like {@link lend}, until the function that it returns is called. */
  lendOut(aggregate: A): () => void {
    this.#lent.add(aggregate);
    return () => this.#lent.delete(aggregate);
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
      if (count === 0 || this.#lent.has(aggregate)) return;
      throw new UncommittedEventsError({ aggregate: this.name, count });
    };
    Object.defineProperty(aggregate, 'commit', { configurable: true, writable: true, value: commit });
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
