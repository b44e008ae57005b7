/** When a command is repeated. */
export interface RetryOptions {
  /**
   * How often to load and decide again after another writer was first, at least 0. No attempt begins after
   * `deadlineMs`. The waits between attempts are short: some milliseconds at first.
   *
   * @default as often as it takes until `deadlineMs`
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
