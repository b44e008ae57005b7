/** Decides on a state. */
export type Decide<S, T> = (state: S) => Promise<{
  /** What the caller gets. */
  readonly value: T;
  readonly events: readonly object[];
}>;

/** What was decided, after the middleware. */
export interface Decision<T> {
  readonly value: T;
  /** The events to be stored. */
  readonly events: readonly object[];
  /**
   * False when deciding has changed the state in place and the middleware has changed the events: they do not
   * match then.
   */
  readonly isWhole: boolean;
}
