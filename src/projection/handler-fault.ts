/** What a projection's own code threw: tried again a few times, while a fault of the database is waited out. Others see it as `status().error` between two tries. */
export class HandlerFault extends Error {
  override readonly name = 'HandlerFault';
  /** How many commits of the batch stand before the one that failed. */
  readonly commitsBefore: number;

  constructor(message: string, commitsBefore: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${message}: ${reason}`, { cause });
    this.commitsBefore = commitsBefore;
  }
}
