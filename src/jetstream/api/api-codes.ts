/** The server's `err_code`s that jetsource acts on. Codes, never descriptions: descriptions change. */
export const ApiCode = {
  streamNotFound: 10059,
  streamNameInUse: 10058,
  consumerNotFound: 10014,
  /** What an update of a consumer that was deleted meanwhile is answered with. */
  consumerDoesNotExist: 10149,
  consumerExists: 10148,
  /** More unsettled messages are asked for than the stream or the account allows. */
  maxAckPendingExceeded: 10121,
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
  /** There is not so much file storage left as a stream is to reserve. */
  storageInsufficient: 10047,
  /** There is not so much memory left as a stream is to reserve. */
  memoryInsufficient: 10028,
  /** The account has no JetStream. */
  notEnabledForAccount: 10039,
  /** There are as many consumers as the stream or the account may have. */
  maximumConsumers: 10026,
} as const;

/** Status of an answer that the server did not give, since the user may not ask; like HTTP's. */
export const FORBIDDEN = 403;
