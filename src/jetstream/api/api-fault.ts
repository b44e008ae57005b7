import { ApiCode } from './api-codes.js';

/** An error in a reply of JetStream. */
export interface ApiFault {
  /** Like an HTTP status. */
  readonly code: number;
  /** One of {@link ApiCode}, or another of the server's. */
  readonly err_code?: number;
  readonly description?: string;
}

/**
 * What a refusal says of the same request, sent again. A request that was not answered at all has no
 * judgement: nobody knows what became of it.
 */
export type Judgement =
  /** It may be answered otherwise in a moment: elections, writes in flight, exhausted resources. */
  | 'for-now'
  /** It will be refused for as long as nobody changes settings or data. */
  | 'for-good'
  /** It is wrong in itself: no server ever takes it. */
  | 'wrong';

const FOR_NOW: ReadonlySet<number | undefined> = new Set([
  ApiCode.wrongLastSequenceInFlight,
  ApiCode.duplicateInProcess,
  ApiCode.batchIncomplete,
  ApiCode.batchTooManyInFlight,
]);

/** Refusals with a status of 400 that other clients may end. */
const NOT_WRONG: ReadonlySet<number | undefined> = new Set([
  ApiCode.maximumConsumers,
  ApiCode.wrongLastSequence,
  ApiCode.wrongLastMessageId,
  ApiCode.wrongStream,
  ApiCode.consumerExists,
  ApiCode.consumerDoesNotExist,
  ApiCode.streamNameInUse,
]);

/** Whether an answer of JetStream is an error. */
export function isFault(answer: unknown): answer is { readonly error: ApiFault } {
  return typeof answer === 'object' && answer !== null && 'error' in answer;
}

/** The one place where answers of JetStream are judged. */
export function judge(fault: ApiFault): Judgement {
  const { code, err_code: errCode } = fault;
  if (FOR_NOW.has(errCode)) return 'for-now';
  if (code === 503)
    return isLimit(fault) || errCode === ApiCode.notEnabledForAccount ? 'for-good' : 'for-now';
  return code === 400 && !NOT_WRONG.has(errCode) ? 'wrong' : 'for-good';
}

/** Whether the same request may be answered otherwise in a moment. */
export function isTransient(fault: ApiFault): boolean {
  return judge(fault) === 'for-now';
}

/**
 * Whether what a publish was to store may be there although it was refused so: the same message is being
 * stored by somebody, or, in a cluster, a leader's disk fails after the other replicas have written it.
 */
export function mayBeStored({ err_code: errCode }: ApiFault, isClustered: boolean): boolean {
  return errCode === ApiCode.duplicateInProcess || (isClustered && errCode === ApiCode.storeFailed);
}

/** A fault as an error message shows it: the server's description and its code. */
export function describeFault({ code, err_code: errCode, description = 'unknown error' }: ApiFault): string {
  return `${description} (${errCode ?? code})`;
}

/**
 * The one fault that only its description distinguishes from another. Without it, a full stream would be
 * retried until the deadline.
 */
function isLimit({ err_code: errCode, description = '' }: ApiFault): boolean {
  return errCode === ApiCode.storeFailed && /^maximum [a-z ]+ exceeded/.test(description);
}
