/** Which messages of a log a handler consumes. */
export interface EventSelection {
  /** The JetStream stream. */
  readonly log: string;
  /** The subjects of it that are consumed. */
  readonly filter: string;
  /** Whether its messages are commits of an event store. */
  readonly holdsCommits: boolean;
  /** The only event type of an event store that is wanted; undefined for all. */
  readonly eventType: string | undefined;
}
