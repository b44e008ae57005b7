import { v7 as timeOrderedUuid } from 'uuid';
import type { EventRegistry } from '../../event/event-registry.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import { toSharedRequest, toStreamWrite } from './append-request.js';
import type { TransactionEntry, TransactOptions } from './transact-options.js';
import type { StreamCheck, StreamWrite, WriteRequest } from './write-request.js';

/** The largest batch that the server takes. */
const MAX_MESSAGES = 1_000;
const OPTIONS = ['commandId', 'metadata', 'deadlineMs', 'signal'];
const ENTRY = ['stream', 'expect', 'events'];

/**
 * Checks the input of a transaction.
 *
 * @throws the errors that {@link EventStore.transact} throws before anything is sent.
 */
export function toTransactRequest(
  entries: readonly TransactionEntry[],
  options: TransactOptions,
  registry: EventRegistry,
): WriteRequest {
  checkKnownOptions(options, OPTIONS);
  checkCount(entries);
  const all = entries.map((entry: TransactionEntry, index) => toEntry(entry, index, { options, registry }));
  checkNoStreamTwice(all);
  const writes = all.filter(({ events }) => events.length > 0);
  const checks = all.filter(({ events }) => events.length === 0);
  if (writes.length === 0) {
    throw new InvalidOptionError({
      option: 'entries',
      given: 'checks only',
      allowed: 'a list with at least one event',
    });
  }
  const id = timeOrderedUuid();
  return {
    id,
    label: 'transaction',
    isTransaction: true,
    writes: writes.map((write, part) =>
      withPart(write, { id, part: part + 1, of: writes.length, checks: checks.filter(isCarried).length }),
    ),
    checks,
    ...toSharedRequest(options),
  };
}

function checkCount(entries: unknown): void {
  if (Array.isArray(entries) && entries.length > 0 && entries.length <= MAX_MESSAGES) return;
  throw new InvalidOptionError({
    option: 'entries',
    given: Array.isArray(entries) ? `${entries.length} entries` : entries,
    allowed: `a list of 1 to ${MAX_MESSAGES} entries`,
  });
}

function toEntry(
  { lookedUpTo, lastCommitId, ...entry }: TransactionEntry,
  index: number,
  shared: { readonly options: TransactOptions; readonly registry: EventRegistry },
): StreamWrite {
  checkKnownOptions(entry, ENTRY, `entries[${index}].`);
  const { events = [] } = entry;
  return toStreamWrite({ ...entry, events, lookedUpTo, lastCommitId }, index, shared);
}

/** Whether a check needs a message. */
export function isCarried({ expect }: StreamCheck): boolean {
  return expect !== 'any';
}

function withPart(
  write: StreamWrite,
  {
    checks,
    ...part
  }: { readonly id: string; readonly part: number; readonly of: number; readonly checks: number },
): StreamWrite {
  // a transaction of one message is an append, and reads like one
  if (part.of === 1 && checks === 0) return write;
  const transaction = { ...part, ...(checks > 0 && { checks }) };
  return { ...write, metadata: { ...write.metadata, transaction } };
}

function checkNoStreamTwice(entries: readonly StreamWrite[]): void {
  const seen = new Set<string>();
  for (const { index, stream } of entries) {
    const name = stream.toString();
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
