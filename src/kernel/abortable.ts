import { onAbort } from './on-abort.js';

/**
 * The result of `work`, or the reason of the first signal that aborts before it. Aborted work continues
 * unobserved, so it has to be something harmless: a wait, a read.
 */
export async function abortable<T>(
  work: Promise<T>,
  signals: readonly (AbortSignal | undefined)[],
): Promise<T> {
  const cleanUp: (() => void)[] = [];
  const aborted = new Promise<never>((_, reject) => {
    for (const signal of signals) {
      if (signal === undefined) continue;
      if (signal.aborted) reject(signal.reason);
      else cleanUp.push(onAbort(signal, () => reject(signal.reason)));
    }
  });
  try {
    // the signals first: one that has aborted already wins over work that is done already
    return await Promise.race([aborted, work]);
  } finally {
    for (const clean of cleanUp) clean();
  }
}
