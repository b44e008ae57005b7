import type { SubjectNames } from '../../log/message-log.js';
import type { Deadline } from '../../kernel/deadline.js';
import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/** Which subjects are meant. */
export interface SubjectQuery {
  readonly stream: string;
  /** A pattern that they match. */
  readonly filter: string;
  /** How many to leave out, in their order. */
  readonly offset: number;
}

/**
 * The subjects of a JetStream stream that match a filter and hold messages, as the leader knows them: 100,000
 * of them at most, from an offset in their order on.
 */
export async function listSubjects(
  { api }: JetStreamConnection,
  { stream, filter, offset }: SubjectQuery,
  deadline: Deadline,
): Promise<SubjectNames> {
  const page = await api.streamSubjects(stream, { filter, offset }, deadline);
  const { subjects, total } = expectValue(page, `listing the subjects of store ${stream}`);
  return { subjects: subjects.toSorted(), total: total ?? offset + subjects.length };
}
