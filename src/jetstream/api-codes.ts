/** The server's `err_code`s that jetsource acts on. Codes, never descriptions: descriptions change. */
export const ApiCode = {
  streamNotFound: 10059,
  streamNameInUse: 10058,
  consumerNotFound: 10014,
  consumerExists: 10148,
  messageNotFound: 10037,
  /** The guard does not hold; on a retry this may be our own message. */
  wrongLastSequence: 10071,
  /** The stream is not the one that was expected. */
  wrongStream: 10060,
  /** The message before is not the one that was expected. */
  wrongLastMessageId: 10070,
  /** Another write to the subject is in flight. */
  wrongLastSequenceInFlight: 10164,
  /** The same message id is in flight. */
  duplicateInProcess: 10158,
  batchIncomplete: 10176,
  /** A batch holds a message id that the stream knows. */
  batchDuplicate: 10201,
  batchTooManyInFlight: 10210,
  /** The stream's store refuses: its limits are reached, or its disk is in trouble. */
  storeFailed: 10077,
} as const;

const TRANSIENT: ReadonlySet<number> = new Set([
  ApiCode.wrongLastSequenceInFlight,
  ApiCode.duplicateInProcess,
  ApiCode.batchIncomplete,
  ApiCode.batchTooManyInFlight,
]);

/** Status of an answer that the server did not give, since the user may not ask; like HTTP's. */
export const FORBIDDEN = 403;

/** An error in a reply of JetStream. */
export interface ApiFault {
  /** Like an HTTP status. */
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** Whether the same request may be answered otherwise in a moment: elections, writes in flight, exhausted resources. */
export function isTransient(fault: ApiFault): boolean {
  return (fault.code === 503 && !isFull(fault)) || TRANSIENT.has(fault.err_code ?? 0);
}

/** The one fault that only its description tells from another: without it, a full stream would be tried until the deadline. */
function isFull({ err_code: errCode, description = '' }: ApiFault): boolean {
  return errCode === ApiCode.storeFailed && /^maximum [a-z ]+ exceeded/.test(description);
}
