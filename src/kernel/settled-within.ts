import { Wakeup } from './wakeup.js';

/** Waits until the work has ended, however it ends, but not for longer than that. @returns whether it has. */
export async function settledWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const ended = new Wakeup();
  let isSettled = false;
  const end = (): void => {
    isSettled = true;
    ended.wake();
  };
  work.then(end, end);
  await ended.wait({ timeoutMs });
  return isSettled;
}
