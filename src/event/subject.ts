import { slotOf } from './slot.js';
import { streamName, type StreamName } from './stream-name.js';
import { decodeSubjectToken, encodeSubjectToken } from './subject-token.js';

const PLAIN_ID = /^[A-Za-z0-9_~-]+$/;

/** The one literal subject of a stream: `<store>.<slot>.<category>.<id>`. Event types are not part of it. */
export function subjectOf(store: string, stream: StreamName): string {
  return `${store}.${slotOf(stream)}.${stream.category}.${encodeSubjectToken(stream.id)}`;
}

/** What the JetStream stream of a store captures: subjects of exactly four tokens. */
export function storeSubjects(store: string): string {
  return `${store}.*.*.*`;
}

/** The filter for the streams of a category in one slot; `*` stands for all categories, or all slots. */
export function slotSubjects(store: string, slot: number | '*', category: string): string {
  return `${store}.${slot}.${category}.*`;
}

/** The last token of a subject: the encoded id. */
export function subjectToken(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

/** The user's stream that a subject belongs to; undefined for a subject that {@link subjectOf} gives to none. */
export function streamOfSubject(store: string, subject: string): StreamName | undefined {
  try {
    const name = streamName(categoryOfSubject(subject) ?? '', decodeSubjectToken(subjectToken(subject)));
    return subjectOf(store, name) === subject ? name : undefined;
  } catch {
    // a token that is no percent-encoding, or an id that no stream can have
    return undefined;
  }
}

/** The category of a commit's subject; undefined for a subject of another shape. */
export function categoryOfSubject(subject: string): string | undefined {
  const tokens = subject.split('.');
  return tokens.length === 4 ? tokens[2] : undefined;
}

/** Whether a subject ends with the category and id of a stream. Its slot is not looked at: the hash would cost a replay more than all else. */
export function isNamedBy(subject: string, stream: StreamName): boolean {
  // most ids stand in the subject as they are
  const token = PLAIN_ID.test(stream.id) ? stream.id : encodeSubjectToken(stream.id);
  return subject.endsWith(`.${stream.category}.${token}`);
}
