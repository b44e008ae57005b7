import { v4 as randomUuid, v7 as timeOrderedUuid } from 'uuid';
import type { EventRegistry } from '../../event/event-registry.js';
import type { StreamName } from '../../event/stream-name.js';
import type { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import { type AppendRequest, toAppendRequest } from './append-request.js';
import type { TransactionEntry, TransactOptions } from '../event-store.js';
import type { ExpectedEnd } from './expectation.js';

/** The server takes no larger batch. */
const MAX_MESSAGES = 1_000;
const OPTIONS = ['commandId', 'metadata', 'deadlineMs', 'signal'];
const ENTRY = ['stream', 'expect', 'lookedUpTo', 'lastCommitId', 'events'];

/** An entry that stores something: an append of its own, but for the guard, which holds for all together. */
export interface WriteEntry {
  readonly index: number;
  readonly append: AppendRequest;
}

/** An entry that only checks; one that expects nothing only reports the version. */
export interface CheckEntry extends ExpectedEnd {
  readonly index: number;
  readonly stream: StreamName;
}

/** A transaction whose input has been checked. */
export interface TransactRequest {
  readonly id: string;
  readonly attemptId: string;
  readonly writes: readonly WriteEntry[];
  readonly checks: readonly CheckEntry[];
  readonly deadline: Deadline;
}

/** Checks what the caller gave. @throws the errors that {@link EventStore.transact} names as thrown before anything is sent. */
export function toTransactRequest(
  entries: readonly TransactionEntry[],
  options: TransactOptions,
  registry: EventRegistry,
): TransactRequest {
  checkKnownOptions(options, OPTIONS);
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_MESSAGES) {
    const given = Array.isArray(entries) ? `${entries.length} entries` : entries;
    throw new InvalidOptionError({
      option: 'entries',
      given,
      allowed: `a list of 1 to ${MAX_MESSAGES} entries`,
    });
  }
  const id = timeOrderedUuid();
  const attemptId = randomUuid();
  const appends = entries.map((entry: TransactionEntry, index) => {
    checkKnownOptions(entry, ENTRY, `entries[${index}].`);
    const { events = [], stream, ...expected } = entry;
    return {
      index,
      append: {
        ...toAppendRequest(stream, events, { ...options, ...expected }, registry),
        attemptId,
      },
    };
  });
  checkNoStreamTwice(appends);
  const writes = appends.filter(({ append }) => append.events.length > 0);
  const [first] = writes;
  if (first === undefined) {
    throw new InvalidOptionError({
      option: 'entries',
      given: 'checks only',
      allowed: 'a list with at least one event',
    });
  }
  const checks = appends
    .filter(({ append }) => append.events.length === 0)
    .map(({ index, append: { stream, expect, lastCommitId } }) => ({ index, stream, expect, lastCommitId }));
  return {
    id,
    attemptId,
    writes: writes.map((write, part) => withPart(write, id, part + 1, writes.length)),
    checks,
    deadline: first.append.deadline,
  };
}

function withPart({ index, append }: WriteEntry, id: string, part: number, of: number): WriteEntry {
  // a transaction of one commit is an append, and reads like one
  if (of === 1) return { index, append };
  return { index, append: { ...append, metadata: { ...append.metadata, transaction: { id, part, of } } } };
}

function checkNoStreamTwice(appends: readonly WriteEntry[]): void {
  const seen = new Set<string>();
  for (const { index, append } of appends) {
    const name = append.stream.toString();
    if (seen.has(name)) {
      throw new InvalidOptionError({
        option: `entries[${index}].stream`,
        given: name,
        allowed: 'a stream that no other entry names',
      });
    }
    seen.add(name);
  }
}
