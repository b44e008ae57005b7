import { Wakeup } from './wakeup.js';

/** Waits; rejects with the signal's reason as soon as it aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const never = new Wakeup();
  if ((await never.wait({ timeoutMs: ms, signal })) === 'aborted') throw signal?.reason;
}
