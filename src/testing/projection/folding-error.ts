import { inspect } from 'node:util';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { describeThrown } from '../../kernel/describe-thrown.js';

/** Code of a projection threw while it folded what a specification was given; `cause` is what it threw. */
export class FoldingError extends Error {
  override readonly name = 'FoldingError';
}

export function foldingError(cause: unknown, event: RecordedEvent | undefined): FoldingError {
  const reason = describeThrown(cause);
  if (event === undefined) return new FoldingError(`the rows could not be written: ${reason}`, { cause });
  const { type, position, stream, data } = event;
  const what = `the handler of ${type} failed at ${position} (${stream.toString()})`;
  return new FoldingError(`${what}: ${reason}; the event's data: ${inspect(data)}`, { cause });
}
