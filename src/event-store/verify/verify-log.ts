import type { MessageLog } from '../../log/message-log.js';
import type { StoreFault } from './store-fault.js';
import { StoreVerification } from './store-verification.js';

/** Messages that are judged between two reports of progress, at most. */
const BATCH = 1_000;

/** How a store is walked. */
export interface VerifyOptions {
  /** Name of the store: the first token of its subjects. */
  readonly store: string;
  readonly onFault: (fault: StoreFault) => void;
  /** Told of the sequence that the walk is at. */
  readonly onProgress?: ((sequence: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a walk of a store has come across. */
export interface VerifyResult {
  readonly commits: number;
  readonly streams: number;
  /** Checks of transactions that were not tidied up: harmless. */
  readonly checks: number;
  readonly faults: number;
}

/**
 * Walks a store from its beginning to its end as it is when the walk begins, and names every fault. Changes
 * nothing.
 */
export async function verifyLog(log: MessageLog, options: VerifyOptions): Promise<VerifyResult> {
  const { store, onFault, onProgress, signal } = options;
  const verification = new StoreVerification(store);
  let faults = 0;
  const replay = { start: { sequence: 1 }, filters: [], live: false, maxBatch: BATCH, signal };
  for await (const { messages } of log.replay(replay)) {
    for (const message of messages) {
      for (const fault of verification.faultsOf(message)) {
        faults += 1;
        onFault(fault);
      }
    }
    const last = messages.at(-1);
    if (last !== undefined) onProgress?.(last.sequence);
  }
  signal?.throwIfAborted();
  const { commits, streams, checks } = verification;
  return { commits, streams, checks, faults };
}
