import type { JsonValue } from '../../event/json-value.js';

/** One kind of aggregate, a class or a decider, as a repository sees it. */
export interface AggregateModel<S> {
  /** Its name in messages. */
  readonly name: string;
  /**
   * Whether deciding changes the state in place: it is lent to one caller at a time, and dropped after a
   * failure.
   */
  readonly changesInPlace: boolean;
  /** The state before the first event. */
  initial(id: string): S;
  /** The state after further events; an instance of a class is changed in place and returned. */
  fold(state: S, events: readonly object[]): S;
  /**
   * The state after the events that were just decided on it have been stored.
   *
   * @param stored As reading gives them back.
   */
  afterCommit(state: S, stored: readonly object[]): S;
  /**
   * How many events a state holds beside those that were decided on it. A state with any is used no more:
   * they are of code that its decision did not wait for. Always 0 for a decider.
   */
  leftovers(state: S, decided: number): number;
  /** Undefined for a class without methods for snapshots. */
  readonly snapshot: SnapshotCodec<S> | undefined;
}

/** Converts a state to JSON, and back. */
export interface SnapshotCodec<S> {
  /** All of the state, as JSON. */
  toSnapshot(state: S): JsonValue;
  /**
   * The state again.
   *
   * @param id Of the aggregate.
   */
  fromSnapshot(snapshot: JsonValue, id: string): S;
}
