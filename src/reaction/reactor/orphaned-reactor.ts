/** A durable consumer that a reactor left behind: it is not defined any more. */
export interface OrphanedReactor {
  /** Name of the reactor. */
  readonly reactor: string;
  /** Names of its durable consumers. */
  readonly consumers: readonly string[];
  /** Commits that nobody handles. */
  readonly pending: number;
}
