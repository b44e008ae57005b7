/** A signal over others. */
export interface JoinedSignal {
  /** Aborts with the first of the others, for its reason. */
  readonly signal: AbortSignal;
  /** Lets go of the others. */
  readonly release: () => void;
}

/**
 * One signal for several. Unlike `AbortSignal.any` it leaves nothing behind at a signal that lives long, once
 * it is released.
 */
export function joinSignals(signals: readonly (AbortSignal | undefined)[]): JoinedSignal {
  const joined = new AbortController();
  const cleanUp: (() => void)[] = [];
  for (const signal of signals) {
    if (signal === undefined) continue;
    const onAbort = (): void => joined.abort(signal.reason);
    signal.addEventListener('abort', onAbort);
    cleanUp.push(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  }
  const release = (): void => {
    for (const clean of cleanUp.splice(0)) clean();
  };
  return { signal: joined.signal, release };
}
