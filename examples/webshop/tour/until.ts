import { setTimeout as sleep } from 'node:timers/promises';

const TIMEOUT_MS = 120_000;
const LOOK_MS = 50;

/** Waits until there is an answer. @throws when there is none within 120 s */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = performance.now() + TIMEOUT_MS;
  while (performance.now() < end) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    await sleep(LOOK_MS);
  }
  throw new Error(`not within ${TIMEOUT_MS} ms: ${what}`);
}
