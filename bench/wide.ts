const WIDTH = 256;

/** Runs `task` so often, 256 at a time. */
export async function wide(times: number, task: () => Promise<unknown>): Promise<number> {
  let left = times;
  await Promise.all(
    Array.from({ length: WIDTH }, async () => {
      while (left-- > 0) await task();
    }),
  );
  return times;
}
