/**
 * The part of `AggregateRoot` of `@nestjs/cqrs` that a repository uses. Any class of that shape will do: it applies events, remembers those
 * that are not stored yet, and rebuilds its state from history.
 */
export interface EventSourcedAggregate {
  getUncommittedEvents(): readonly object[];
  loadFromHistory(history: object[]): void;
  /** Forgets the uncommitted events, after they have been stored. */
  uncommit(): void;
}

/** A class of aggregates: made with its id, then rebuilt from history. */
export type AggregateClass<A extends EventSourcedAggregate = EventSourcedAggregate> = new (id: string) => A;
