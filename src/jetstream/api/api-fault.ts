import { ApiCode } from './api-codes.js';

/** An error in a reply of JetStream. */
export interface ApiFault {
  /** Like an HTTP status. */
  readonly code: number;
  /** One of {@link ApiCode}, or another of the server's. */
  readonly err_code?: number;
  readonly description?: string;
}

const TRANSIENT: ReadonlySet<number> = new Set([
  ApiCode.wrongLastSequenceInFlight,
  ApiCode.duplicateInProcess,
  ApiCode.batchIncomplete,
  ApiCode.batchTooManyInFlight,
]);

/** Whether an answer of JetStream is an error. */
export function isFault(answer: unknown): answer is { readonly error: ApiFault } {
  return typeof answer === 'object' && answer !== null && 'error' in answer;
}

/**
 * Whether the same request may be answered otherwise in a moment: elections, writes in flight, exhausted
 * resources.
 */
export function isTransient(fault: ApiFault): boolean {
  return (fault.code === 503 && !isFull(fault)) || TRANSIENT.has(fault.err_code ?? 0);
}

/** A fault as an error message shows it: the server's description and its code. */
export function describeFault({ code, err_code: errCode, description = 'unknown error' }: ApiFault): string {
  return `${description} (${errCode ?? code})`;
}

/**
 * The one fault that only its description distinguishes from another. Without it, a full stream would be
 * retried until the deadline.
 */
function isFull({ err_code: errCode, description = '' }: ApiFault): boolean {
  return errCode === ApiCode.storeFailed && /^maximum [a-z ]+ exceeded/.test(description);
}
