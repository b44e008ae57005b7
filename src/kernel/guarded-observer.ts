import { describeThrown } from './describe-thrown.js';
import { warn } from './warn.js';

/** Who is told of something, and has no part in it. It may be an async function. */
export type Observer<Args extends readonly unknown[]> = (...args: Args) => unknown;

/**
 * An observer whose errors reach nobody else: what it throws, or what its promise rejects with, is a process
 * warning that names it. Nobody waits for its promise.
 *
 * @param name Of the option that it was given as, such as `onRecovery`.
 * @param report Told of its errors in place of the process warning.
 */
export function guardedObserver<Args extends readonly unknown[]>(
  name: string,
  observer: Observer<Args> | undefined,
  report: (error: unknown) => void = (error) => warn(`${name} failed: ${describeThrown(error)}`),
): (...args: Args) => void {
  return (...args) => {
    try {
      const returned = observer?.(...args);
      if (isThenable(returned)) void Promise.resolve(returned).catch(report);
    } catch (error) {
      report(error);
    }
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
