import type { Deadline } from '../../kernel/deadline.js';
import { isFault, type JetStreamConnection, unexpectedFault } from '../connection/jetstream-connection.js';

/** Some of the subjects that hold messages. */
export interface SubjectNames {
  /** In the order of their bytes. */
  readonly subjects: readonly string[];
  /** How many there are in all. */
  readonly total: number;
}

interface StreamSubjects {
  readonly state: { readonly subjects?: Record<string, number> };
  readonly total?: number;
}

/**
 * The subjects of a JetStream stream that match a filter and hold messages, as the leader knows them: 100,000 of them at most, from an offset
 * in their order on.
 */
export async function subjectNames(
  connection: JetStreamConnection,
  stream: string,
  filter: string,
  offset: number,
  deadline: Deadline,
): Promise<SubjectNames> {
  const query = { subjects_filter: filter, offset };
  const answer = await connection.api<StreamSubjects>(`STREAM.INFO.${stream}`, query, deadline);
  if (isFault(answer)) throw unexpectedFault(`listing the subjects of store ${stream}`, answer.error);
  const subjects = Object.keys(answer.state.subjects ?? {}).toSorted();
  return { subjects, total: answer.total ?? offset + subjects.length };
}
