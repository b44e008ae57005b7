/** How projections are run, beside their definitions. */
export interface RunnerOptions {
  /** Told of each error, also of those that are waited out. Must not throw. */
  readonly onError: (error: Error) => void;
  /** A handler that has not returned for so long is told of, in milliseconds. */
  readonly stuckAfterMs: number;
  /** How long a stop waits for the transaction in progress, in milliseconds. */
  readonly stopTimeoutMs: number;
}
