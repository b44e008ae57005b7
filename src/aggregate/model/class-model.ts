import type { JsonValue } from '../../event/metadata.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
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
  /** Instances whose events will be stored when the decision under way is done. */
  readonly #lent = new WeakSet<A>();

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

  /** Lets `decide` work on an instance. Its `commit()` is harmless meanwhile: what it keeps is stored when `decide` is done. */
  async lend<T>(aggregate: A, decide: (aggregate: A) => T | PromiseLike<T>): Promise<Awaited<T>> {
    const takeBack = this.lendOut(aggregate);
    try {
      return await decide(aggregate);
    } finally {
      takeBack();
    }
  }

  /** Like {@link lend}, until what it returns is called. */
  lendOut(aggregate: A): () => void {
    this.#lent.add(aggregate);
    return () => this.#lent.delete(aggregate);
  }

  /** With `autoCommit`, an `AggregateRoot` publishes its events instead of keeping them: there would be nothing to store. */
  checkKeepsEvents(aggregate: A): void {
    if (!('autoCommit' in aggregate) || aggregate.autoCommit !== true) return;
    throw new InvalidOptionError({
      option: `${this.name}.autoCommit`,
      given: true,
      allowed: 'false: the repository stores what the aggregate keeps',
    });
  }

  /**
   * `commit()` of an `AggregateRoot` forgets its events and hands them to a publisher, whose failure nobody hears. An instance of a repository keeps
   * them: they are stored by `update`, or by `save`.
   */
  #keepFromCommit(aggregate: A): void {
    if (!('commit' in aggregate)) return;
    const commit = (): void => {
      if (this.#lent.has(aggregate) || aggregate.getUncommittedEvents().length === 0) return;
      throw new InvalidOptionError({
        option: `${this.name}.commit()`,
        given: `${aggregate.getUncommittedEvents().length} uncommitted events`,
        allowed:
          'replaced by await repository.save(aggregate), which stores them; the aggregate has kept them',
      });
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

/** An aggregate that says what its snapshots are made of. */
export interface KeepsSnapshots {
  /** All of the state, as JSON. */
  toSnapshot(): JsonValue;
  /** Takes the state over; called on a new instance. */
  fromSnapshot(snapshot: JsonValue): void;
}

function keepsSnapshots(prototype: object): prototype is KeepsSnapshots {
  return 'toSnapshot' in prototype && 'fromSnapshot' in prototype;
}
