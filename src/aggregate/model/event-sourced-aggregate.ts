/**
 * What a repository needs of an instance. `AggregateRoot` of `@nestjs/cqrs` has these methods, and so may any
 * class: it applies events, keeps those that are not stored yet, and rebuilds its state from history.
 */
export interface EventSourcedAggregate {
  /** The events that were applied and are not stored yet. */
  getUncommittedEvents(): readonly object[];
  /** Applies stored events. Called for some events at a time. */
  loadFromHistory(history: object[]): void;
  /** Forgets the uncommitted events, after they have been stored. */
  uncommit(): void;
}

/** An aggregate class. An instance is made with its id, then rebuilt from history. */
export type AggregateClass<A extends EventSourcedAggregate = EventSourcedAggregate> = new (id: string) => A;
