/**
 * Word among the processes that use a log. It is not stored and may be lost, so nothing may depend on it but
 * speed.
 */
export interface LogPeers {
  /** Whether word can be sent and heard, as far as is known: a user may have no permission for it. */
  readonly areHeard: boolean;

  /** Sends to all who listen, perhaps to this handle as well. */
  tell(word: string): void;

  /** Calls back with what is told. @returns what stops that. */
  listen(listener: (word: string) => void): () => void;
}

/** For a log whose processes cannot hear each other. */
export const NO_PEERS: LogPeers = {
  areHeard: false,
  tell: () => undefined,
  listen: () => () => undefined,
};
