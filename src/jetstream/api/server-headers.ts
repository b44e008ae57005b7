/** The headers that the server reads or writes. */
export const ServerHeader = {
  /** A stream stores one message of an id within its duplicate window. */
  messageId: 'Nats-Msg-Id',
  expectedStream: 'Nats-Expected-Stream',
  expectedLastMessageId: 'Nats-Expected-Last-Msg-Id',
  expectedLastSequence: 'Nats-Expected-Last-Sequence',
  /** The guard: sequence of the last message of the subject, 0 for none. */
  expectedLastSubjectSequence: 'Nats-Expected-Last-Subject-Sequence',
  /** The subject that the guard is about, where it is not the message's own. */
  expectedLastSubjectSequenceSubject: 'Nats-Expected-Last-Subject-Sequence-Subject',
  batchId: 'Nats-Batch-Id',
  batchSequence: 'Nats-Batch-Sequence',
  batchCommit: 'Nats-Batch-Commit',
  ttl: 'Nats-TTL',
  schedule: 'Nats-Schedule',
  scheduleTarget: 'Nats-Schedule-Target',
  scheduleTtl: 'Nats-Schedule-TTL',
  /** The time zone of a schedule in the form of cron. */
  scheduleTimeZone: 'Nats-Schedule-Time-Zone',
  /** On what a direct get answers: the stream that answered, which may be a mirror. */
  stream: 'Nats-Stream',
  /** On what a direct get answers: the subject of the message. */
  subject: 'Nats-Subject',
  /** On what a direct get answers: where the message stands. */
  sequence: 'Nats-Sequence',
  /** On what a direct get answers: the server's time of the message. */
  timestamp: 'Nats-Time-Stamp',
  /** On the end of a batch of direct gets: how many messages follow. */
  pending: 'Nats-Num-Pending',
} as const;

/** Whether a header belongs to the server: users may not set it. */
export function isServerHeader(name: string): boolean {
  return /^nats-/i.test(name);
}
