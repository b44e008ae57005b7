import { joinSignals } from '../../kernel/join-signals.js';

/**
 * What a long read gives until its store is closed, which is an error, unless the caller gave up before.
 *
 * @param signals `closing` aborts when the store is closed, with the error; `signal` is the caller's.
 */
export async function* whileOpen<T>(
  { closing, signal }: { readonly closing: AbortSignal; readonly signal: AbortSignal | undefined },
  read: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  const joined = joinSignals([signal, closing]);
  const checkOpen = (): void => {
    if (signal?.aborted !== true) closing.throwIfAborted();
  };
  try {
    for await (const item of read(joined.signal)) {
      checkOpen();
      yield item;
    }
    checkOpen();
  } finally {
    joined.release();
  }
}
