import type { MessageSource } from './message-source.js';

/** A pull of a sole reader that would end sooner is not made, in milliseconds. */
const SHORTEST_PULL_MS = 50;

/**
 * A reader that is the only one of its consumer, for as long as it knows that. It gets messages in the order of
 * their sequences: what others had and did not settle comes before all that is newer.
 */
export interface SoleReader {
  /** For how much longer nobody else reads the consumer, in milliseconds; not positive when that is not known. */
  readonly certainMs: () => number;
}

/** No pull of a sole reader is there any more when others may read: it would get what is theirs. */
export function pullWhileCertain(
  source: MessageSource,
  messages: number,
  sole: SoleReader | undefined,
): void {
  if (sole === undefined) return source.pull(messages);
  const certainMs = sole.certainMs();
  if (certainMs >= SHORTEST_PULL_MS) source.pull(messages, certainMs);
}
