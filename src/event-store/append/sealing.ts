import { type EventCipher, openCommits } from '../../event/event-cipher.js';
import type { AppendResult } from './append-options.js';
import { commitOf, withCommit } from './append-result.js';
import type { TransactionResult } from './transact-options.js';
import type { WriteRequest } from './write-request.js';

/** The request with its events encrypted. */
export async function sealRequest(request: WriteRequest, cipher: EventCipher): Promise<WriteRequest> {
  const writes = request.writes.map(async (write) => ({
    ...write,
    events: await cipher.seal(write.stream, write.events),
  }));
  return { ...request, writes: await Promise.all(writes) };
}

/** The result with its commits decrypted, for repositories that fold them. */
export async function openResult(result: TransactionResult, cipher: EventCipher): Promise<TransactionResult> {
  const entries = result.entries.map(async (entry): Promise<AppendResult> => {
    const commit = commitOf(entry);
    if (commit === undefined) return entry;
    const [opened = commit] = await openCommits([commit], cipher);
    return withCommit({ ...entry }, opened);
  });
  return { ...result, entries: await Promise.all(entries) };
}
