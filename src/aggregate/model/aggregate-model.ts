import type { JsonValue } from '../../event/metadata.js';

/** What a repository has to know of a kind of aggregate, be it a class or a decider: how its state is made, folded and kept. */
export interface AggregateModel<S> {
  /** How messages call it. */
  readonly name: string;
  /** Whether deciding changes the state itself: then it is lent to one caller at a time, and of no use after a failure. */
  readonly changesInPlace: boolean;
  initial(id: string): S;
  /** The state after some more events of its history; an instance of a class stays the same object. */
  fold(state: S, events: readonly object[]): S;
  /** The state after the events that were just decided on it have been stored. @param stored As reading gives them back. */
  afterCommit(state: S, stored: readonly object[]): S;
  /** The state as JSON, and back: undefined for a class that does not say how. */
  readonly snapshot: SnapshotCodec<S> | undefined;
}

/** How a state becomes JSON, and a state again. */
export interface SnapshotCodec<S> {
  toSnapshot(state: S): JsonValue;
  /** @param id Of the aggregate. */
  fromSnapshot(snapshot: JsonValue, id: string): S;
}
