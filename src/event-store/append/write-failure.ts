import { NatsError } from '../../jetstream/connection/connection-errors.js';
import {
  AppendOutcomeUnknownError,
  TransactionConflictError,
  type TransactionViolation,
  WrongExpectedVersionError,
} from './append-errors.js';
import type { WriteRequest } from './write-request.js';

/** Streams are not as expected. */
export function conflict(
  { isTransaction }: WriteRequest,
  violations: readonly TransactionViolation[],
): WrongExpectedVersionError | TransactionConflictError {
  const [first] = violations;
  return first === undefined || isTransaction
    ? new TransactionConflictError({ violations })
    : new WrongExpectedVersionError(first);
}

/**
 * No send can have stored anything: none was answered or taken. The reason of the caller's signal is thrown
 * as it is.
 */
export function notSent({ label, deadline: { signal, totalMs } }: WriteRequest, store: string): unknown {
  if (signal?.aborted === true) return signal.reason;
  return new NatsError(
    `${label}: nothing was stored; no server took it for store ${store} within ${totalMs} ms`,
  );
}

/** The server refused the write. If it was resent, an earlier send may have been stored. */
export function refused(request: WriteRequest, reason: string, resent: boolean): Error {
  const error = new NatsError(`${request.label}: the server refused it: ${reason}`);
  return resent ? outcomeUnknown(request, error) : error;
}

/** The write may have been stored. */
export function outcomeUnknown(
  { writes, deadline }: WriteRequest,
  cause: unknown = deadline.signal?.reason,
): AppendOutcomeUnknownError {
  const [{ stream, commitId }] = writes as [WriteRequest['writes'][number]];
  const waitedMs = Math.round(deadline.totalMs - deadline.leftMs);
  const details = { stream: stream.toString(), commitId, waitedMs };
  return new AppendOutcomeUnknownError(details, cause === undefined ? {} : { cause });
}

/** Every try met a conflict until the deadline. The reason of the caller's signal is thrown as it is. */
export function gaveUp({ label, deadline: { signal, totalMs } }: WriteRequest): unknown {
  if (signal?.aborted === true) return signal.reason;
  return new NatsError(`${label}: nothing was stored within ${totalMs} ms; other writers were first`);
}
