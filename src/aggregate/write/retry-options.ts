/** When a command is repeated. */
export interface RetryOptions {
  /**
   * How often to load and decide again, at least 0.
   *
   * @default as often as `deadlineMs` allows after another writer was first; 3 times after other errors that
   * `retryWhen` names
   */
  readonly retries?: number | undefined;
  /**
   * Which errors of loading, deciding and storing are retried. Retry an error whose outcome is unknown only
   * with a `commandId`. A conflict is never retried where `expect` is a version, nor an `expect` that is not
   * met.
   *
   * @default conflicts: {@link WrongExpectedVersionError}, {@link TransactionConflictError}
   */
  readonly retryWhen?: ((error: unknown) => boolean) | undefined;
}
