import type { SubjectNames } from '../../jetstream/streams/subject-names.js';
import type { InMemoryLog } from './in-memory-log.js';

/** The subjects of a log that match a filter, in order, from an offset on: what a server answers to the question. */
export function subjectNames(log: InMemoryLog, filter: string, offset: number): SubjectNames {
  const pattern = filter.split('.');
  const names = log.subjects.filter((subject) => matches(subject, pattern)).toSorted();
  return { subjects: names.slice(offset), total: names.length };
}

/** Only the wildcard for one token is used; `$` and `%` of a subject mean nothing here. */
function matches(subject: string, pattern: readonly string[]): boolean {
  const tokens = subject.split('.');
  return (
    tokens.length === pattern.length &&
    pattern.every((token, index) => token === '*' || token === tokens[index])
  );
}
