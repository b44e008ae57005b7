import { streamName, type StreamName } from '../../src/event/stream-name.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { isJetsourceError } from '../../src/errors/any-jetsource-error.js';
import { Counted } from '../support/order-events.js';
import type { Ledger } from './ledger.js';

const STREAMS = 200;

/** Errors that a writer can get: a conflict, or a failed connection. Any other error is a defect. */
const EXPECTED = ['wrong-expected-version', 'transaction-conflict', 'append-outcome-unknown', 'nats'];

/**
 * Appends until it is stopped: every tenth time a transaction on two streams, every fifth time with an exact
 * expectation.
 */
export async function write(store: EventStore, ledger: Ledger, signal: AbortSignal): Promise<void> {
  const versions = new Map<string, number>();
  while (!signal.aborted) {
    const turn = Math.floor(Math.random() * 10);
    if (turn === 0) await transact(store, ledger);
    else await append(store, ledger, versions, turn <= 2);
  }
}

async function append(
  store: EventStore,
  ledger: Ledger,
  versions: Map<string, number>,
  exact: boolean,
): Promise<void> {
  const name = randomStream();
  const n = ledger.next();
  const known = versions.get(name.id);
  try {
    const result = await store.append(name, [new Counted(n)], {
      expect: exact && known !== undefined ? known : 'any',
      ...(n % 3 === 0 && { commandId: `command-${n}` }),
    });
    ledger.acknowledge(n, result);
    versions.set(name.id, result.version);
  } catch (error) {
    ledger.refuse(n, outcomeOf(error));
    versions.delete(name.id);
  }
}

async function transact(store: EventStore, ledger: Ledger): Promise<void> {
  const [checked, ...names] = [
    ...new Set([randomStream(), randomStream(), randomStream()].map(({ id }) => id)),
  ];
  const entries = names.map((id) => ({ stream: streamName('fault', id), n: ledger.next() }));
  const first = entries[0]?.n;
  if (first === undefined) return;
  try {
    const result = await store.transact(
      [
        ...entries.map((entry) => ({ stream: entry.stream, events: [new Counted(entry.n)] })),
        // every other transaction also checks a third stream, and some of these checks are violated
        ...(first % 2 === 0
          ? [{ stream: streamName('fault', checked as string), expect: 'exists' as const }]
          : []),
      ],
      first % 3 === 0 ? { commandId: `transaction-${first}` } : {},
    );
    for (const [index, { n }] of entries.entries()) ledger.acknowledge(n, result.entries[index]!);
  } catch (error) {
    for (const { n } of entries) ledger.refuse(n, outcomeOf(error));
  }
}

function outcomeOf(error: unknown): 'not-applied' | 'unknown' {
  const isExpected = isJetsourceError(error) && EXPECTED.includes(error.code);
  if (isExpected && error.outcome !== undefined) return error.outcome;
  throw error;
}

function randomStream(): StreamName {
  return streamName('fault', `${Math.floor(Math.random() * STREAMS)}`);
}
