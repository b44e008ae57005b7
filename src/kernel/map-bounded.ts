/** How a {@link mapBounded} goes about it. */
export interface MapBoundedOptions {
  /** Tasks that run at a time. */
  readonly width: number;
  /** Ends it: nothing more is taken, and the signal's reason is thrown when what runs has ended. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a task gives for each item, in the order of the items. The next item is taken when a task has ended,
 * so a source is read no faster than its items are dealt with. The first task that fails ends it: nothing
 * more is taken, and its error is thrown when the others have ended.
 */
export async function mapBounded<Item, Result>(
  source: Iterable<Item> | AsyncIterable<Item>,
  task: (item: Item) => Promise<Result>,
  { width, signal }: MapBoundedOptions,
): Promise<Result[]> {
  const items = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const results: Result[] = [];
  let taken = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    try {
      while (failure === undefined) {
        signal?.throwIfAborted();
        const next = await items.next();
        if (next.done === true) return;
        const index = taken++;
        results[index] = await task(next.value);
      }
    } catch (error) {
      failure ??= { error };
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  if (failure === undefined) return results;
  await items.return?.();
  throw (failure as { readonly error: unknown }).error;
}
