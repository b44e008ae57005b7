import { HandlerTimeoutError } from './handler-timeout-error.js';

/**
 * The result of a handler, which is ignored when it comes later than the limit.
 *
 * @throws {@link HandlerTimeoutError} when the limit passes first.
 */
export async function withTimeLimit(work: Promise<void>, timeoutMs: number | undefined): Promise<void> {
  if (timeoutMs === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HandlerTimeoutError({ timeoutMs })), timeoutMs);
  });
  try {
    // what is thrown later has a listener, too
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
