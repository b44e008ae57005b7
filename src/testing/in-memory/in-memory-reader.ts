import { lastVersionOf, type StoredCommit } from '../../event/commit.js';
import type { StreamName } from '../../event/stream-name.js';
import { subjectOf } from '../../event/subject.js';
import type { InMemoryLog, InMemoryMessage } from './in-memory-log.js';
import { toStoredCommit } from '../../event-store/read/stored-commit.js';
import { EMPTY_STREAM, type StreamEnd, endOf } from '../../event-store/append/stream-end.js';
import type { VersionRange } from '../../event-store/read/version-range.js';

/** Reads the commits of one stream from a log in memory; each is decoded anew, so that what a caller changes is the caller's alone. */
export class InMemoryReader {
  readonly #log: InMemoryLog;
  readonly #store: string;

  constructor(log: InMemoryLog, store: string) {
    this.#log = log;
    this.#store = store;
  }

  /** The last commit, undefined for a stream that does not exist. */
  last(stream: StreamName): StoredCommit | undefined {
    const message = this.#messagesOf(stream).at(-1);
    return message && decode(message);
  }

  tail(stream: StreamName): StreamEnd {
    const last = this.last(stream);
    return last === undefined ? EMPTY_STREAM : endOf(last);
  }

  /** The commits that hold a range of versions, in order. */
  range(stream: StreamName, range: VersionRange): StoredCommit[] {
    const messages = this.#messagesOf(stream);
    const commits: StoredCommit[] = [];
    for (let index = firstIndexWith(messages, range.from); index < messages.length; index += 1) {
      const commit = decode(messages[index] as InMemoryMessage);
      if (commit.firstVersion > range.to) break;
      commits.push(commit);
    }
    return commits;
  }

  /** The commit with that id, unless it ends at or before a version. */
  withId(commitId: string, behind: number): StoredCommit | undefined {
    const message = this.#log.withId(commitId);
    const commit = message && decode(message);
    return commit !== undefined && lastVersionOf(commit) > behind ? commit : undefined;
  }

  #messagesOf(stream: StreamName): readonly InMemoryMessage[] {
    return this.#log.ofSubject(subjectOf(this.#store, stream));
  }
}

export function decode(message: InMemoryMessage): StoredCommit {
  return toStoredCommit(message, message.subject);
}

/** Where the commit stands that holds a version; by halves, since decoding a long stream for each load would be dear. */
function firstIndexWith(messages: readonly InMemoryMessage[], version: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lastVersionOf(decode(messages[middle] as InMemoryMessage)) < version) low = middle + 1;
    else high = middle;
  }
  return low;
}
