/**
 * A reader that is the only one of its consumer, for as long as it knows that. It gets messages in the order of
 * their sequences: what others had and did not settle comes before all that is newer.
 */
export interface SoleReader {
  /** For how much longer nobody else reads the consumer, in milliseconds; not positive when that is not known. */
  readonly certainMs: () => number;
}
