import type { Commit } from './commit.js';
import { slotOfCommit } from './notification.js';
import { slotOf } from './slot.js';
import { streamName, type StreamName } from './stream-name.js';
import { decodeSubjectToken, encodeSubjectToken } from './subject-token.js';

/** The subject of a stream: `<store>.<slot>.<category>.<id>`. Event types are not part of it. */
export function subjectOf(store: string, stream: StreamName): string {
  return `${store}.${slotOf(stream)}.${stream.category}.${encodeSubjectToken(stream.id)}`;
}

/** The subject of a commit: that of its stream, or for a notification `<store>.<slot>.$bus.<event type>`. */
export function subjectOfCommit(store: string, commit: Pick<Commit, 'stream' | 'commitId'>): string {
  const { category, id } = commit.stream;
  return `${store}.${slotOfCommit(commit)}.${category}.${encodeSubjectToken(id)}`;
}

/** The subjects that the JetStream stream of a store captures: exactly four tokens. */
export function storeSubjects(store: string): string {
  return `${store}.*.*.*`;
}

/** The filter for the streams of a category in one slot; `*` selects all categories, or all slots. */
export function slotSubjects(store: string, slot: number | '*', category: string): string {
  return `${store}.${slot}.${category}.*`;
}

/** The last token of a subject: the encoded id. */
export function subjectToken(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

/**
 * The stream that a subject belongs to; undefined for a system category or any subject that {@link subjectOf}
 * does not return.
 */
export function streamOfSubject(store: string, subject: string): StreamName | undefined {
  try {
    const name = streamName(categoryOfSubject(subject) ?? '', decodeSubjectToken(subjectToken(subject)));
    return subjectOf(store, name) === subject ? name : undefined;
  } catch {
    // the token is not percent-encoded, or the id is invalid
    return undefined;
  }
}

/** The category in a commit's subject; undefined for a subject that does not have four tokens. */
export function categoryOfSubject(subject: string): string | undefined {
  const tokens = subject.split('.');
  return tokens.length === 4 ? tokens[2] : undefined;
}

/** Whether a subject is the one of a commit in some store: its slot, its category and its id. */
export function isNamedBy(subject: string, commit: Pick<Commit, 'stream' | 'commitId'>): boolean {
  const { category, id } = commit.stream;
  return subject.endsWith(`.${slotOfCommit(commit)}.${category}.${encodeSubjectToken(id)}`);
}
