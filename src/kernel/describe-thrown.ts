import { inspect } from 'node:util';

/** What was thrown, as a message shows it. Whatever it is, this does not throw. */
export function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : inspect(thrown, { depth: 0 });
  } catch {
    return 'something that cannot be shown';
  }
}
