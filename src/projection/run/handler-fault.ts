/**
 * Code of the projection threw. It is tried a few times only, while an error of the database is waited out.
 * Callers see it as `status().error` between two tries.
 */
export class HandlerFault extends Error {
  override readonly name = 'HandlerFault';
  /** How many commits of the batch come before the one that failed. */
  readonly commitsBefore: number;

  constructor(message: string, commitsBefore: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${message}: ${reason}`, { cause });
    this.commitsBefore = commitsBefore;
  }
}
