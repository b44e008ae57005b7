import type { StoredCommit } from '../../event/commit.js';
import { decodeCommit } from '../../event/commit-format.js';
import { sequencesOf, type TransactionPart, transactionPartOf } from '../../event/transaction-part.js';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import type { MessageLog } from '../../log/message-log.js';
import { CommandIdReusedError, CommitRemovedError } from './append-errors.js';
import { outcomeUnknown } from './write-failure.js';
import type { WriteRequest } from './write-request.js';

/**
 * All commits of the request of which some were found under its ids, in their order. Those of a transaction
 * become visible one after the other on a log with replicas: the rest is looked for until it is there.
 *
 * @throws {@link CommandIdReusedError} when they are of a request over other streams.
 * @throws {@link CommitRemovedError} when one of them was removed since.
 * @throws {@link AppendOutcomeUnknownError} when the rest is not there at the deadline.
 */
export async function wholeTransaction(
  log: MessageLog,
  request: WriteRequest,
  found: readonly StoredCommit[],
): Promise<StoredCommit[]> {
  const [first] = found as [StoredCommit];
  const transaction = transactionPartOf(first);
  const isOther = (commit: StoredCommit): boolean => transactionPartOf(commit)?.id !== transaction?.id;
  if (found.length > 1 && (transaction === undefined || found.some(isOther))) throw reused(request, found);
  const { length } = request.writes;
  if (found.length === length && length === (transaction?.of ?? 1))
    return found.toSorted((a, b) => a.sequence - b.sequence);
  if (transaction === undefined) throw reused(request, found);
  const parts = await partsOf(log, { first, transaction }, request);
  if (transaction.of !== length || parts.some((part) => !writes(request, part))) throw reused(request, parts);
  return parts;
}

/** Parts that are there; all of them if the streams are those of the request. */
async function partsOf(
  log: MessageLog,
  { first, transaction }: { readonly first: StoredCommit; readonly transaction: TransactionPart },
  request: WriteRequest,
): Promise<StoredCommit[]> {
  const { deadline } = request;
  const backoff = new Backoff(2, 100);
  const sequences = sequencesOf(first, transaction);
  for (;;) {
    const isStored = (await log.lastSequence(deadline)) >= sequences.last;
    const parts = await partsBetween(log, { ...sequences, id: transaction.id }, deadline);
    const isOther = transaction.of !== request.writes.length || parts.some((part) => !writes(request, part));
    if (isOther || parts.length === transaction.of) return parts;
    if (isStored) throw removed(request, parts);
    if (deadline.passed) throw outcomeUnknown(request);
    await sleep(Math.min(backoff.next(), deadline.leftMs));
  }
}

async function partsBetween(
  log: MessageLog,
  { first, last, id }: { readonly first: number; readonly last: number; readonly id: string },
  deadline: Deadline,
): Promise<StoredCommit[]> {
  const messages = await Promise.all(
    Array.from({ length: last - first + 1 }, async (_, at) => log.bySequenceAtLeader(first + at, deadline)),
  );
  return messages
    .map((message) => (message === undefined ? '' : decodeCommit(message)))
    .filter(
      (commit): commit is StoredCommit => typeof commit !== 'string' && transactionPartOf(commit)?.id === id,
    );
}

function writes(request: WriteRequest, { stream }: StoredCommit): boolean {
  const name = stream.toString();
  return request.writes.some((write) => write.stream.toString() === name);
}

function reused({ writes: now }: WriteRequest, stored: readonly StoredCommit[]): CommandIdReusedError {
  return new CommandIdReusedError({
    commandId: now[0]?.metadata.commandId ?? '',
    streams: now.map(({ stream }) => stream.toString()),
    stored: stored.map(({ stream }) => stream.toString()),
  });
}

function removed({ writes: now }: WriteRequest, parts: readonly StoredCommit[]): CommitRemovedError {
  const there = new Set(parts.map(({ stream }) => stream.toString()));
  const [gone] = now.filter(({ stream }) => !there.has(stream.toString())) as [
    WriteRequest['writes'][number],
  ];
  return new CommitRemovedError({ stream: gone.stream.toString(), commitId: gone.commitId });
}
