/** Who waits for each signal. Weak, so that nothing keeps a signal alive. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back once when the signal aborts, not when it has aborted already. However many calls wait for one
 * signal, it has one listener: Node warns of a leak from the eleventh listener on.
 *
 * @returns What takes the callback back. The listener goes with the last callback.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = waiting.get(signal) ?? listenTo(signal);
  // a function of its own for each call, since one callback may wait twice
  const entry = (): void => callback();
  callbacks.add(entry);
  return () => {
    callbacks.delete(entry);
    if (callbacks.size === 0 && waiting.get(signal) === callbacks) release(signal);
  };
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  waiting.set(signal, callbacks);
  signal.addEventListener('abort', tell);
  return callbacks;
}

/** One function for all signals, so that it can be removed again. */
function tell(this: unknown, { target }: Event): void {
  const signal = target as AbortSignal;
  const callbacks = waiting.get(signal) ?? [];
  release(signal);
  for (const callback of callbacks) callback();
}

function release(signal: AbortSignal): void {
  waiting.delete(signal);
  signal.removeEventListener('abort', tell);
}
