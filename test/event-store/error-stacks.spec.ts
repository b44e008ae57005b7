import { streamName } from '../../src/event/stream-name.js';
import { encodeCommit } from '../../src/event/commit-format.js';
import { subjectOf } from '../../src/event/subject.js';
import { Deadline } from '../../src/kernel/deadline.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { collect, rejection } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';

const store = inMemoryEventStore({ events: ORDER_EVENTS });
const order = streamName('order', '1');
const corrupt = streamName('order', 'corrupt');

const conflict = 'WrongExpectedVersionError';
const refused = 'AppendOutcomeUnknownError';

/** Fails, with an answer that leaves open whether anything was stored. */
async function refusedAppend(expect: 'any' | 'exists'): Promise<unknown> {
  store.log.faults.refuse('the disk is full', true);
  return store.append(order, counted(1), { expect, deadlineMs: 50 });
}

/** What fails, with which error, when the function that is called here makes the call. */
const CALLS: [string, string, () => Promise<unknown>][] = [
  ['append with an exact version', conflict, async () => store.append(order, counted(1), { expect: 70 })],
  ['append with any version', refused, async () => refusedAppend('any')],
  ['append to a stream that exists', refused, async () => refusedAppend('exists')],
  [
    'append to a stream that does not exist',
    conflict,
    async () => store.append('order/missing', counted(1), { expect: 'exists' }),
  ],
  [
    'transact',
    'TransactionConflictError',
    async () => store.transact([{ stream: order, events: counted(1), expect: 70 }]),
  ],
  ['a read of a corrupt stream', 'CorruptStreamError', async () => collect(store.read(corrupt))],
];

beforeAll(async () => {
  await store.append(order, counted(1));
  // the second commit of a stream, and nothing that it could come after
  const commit = {
    stream: corrupt,
    commitId: crypto.randomUUID(),
    attemptId: crypto.randomUUID(),
    number: 2,
    firstVersion: 2,
    predecessors: [],
    metadata: { occurredAt: '2026-01-01T00:00:00Z' },
    events: [{ type: 'Counted', schemaVersion: 1, data: { n: 2 } }],
  };
  const message = { subject: subjectOf(store.name, corrupt), payload: encodeCommit(commit), headers: {} };
  await store.log.publish(message, new Deadline(1_000), store.log.epoch);
});

describe('the stack of an error', () => {
  it.each(CALLS)('of %s that fails with a %s shows the calling function', async (_, name, call) => {
    const callingFunction = async (): Promise<void> => {
      await call();
    };
    const error = await rejection(callingFunction());
    expect(error).toMatchObject({ name });
    expect((error as Error).stack).toContain('callingFunction');
    expect((error as Error).stack).toContain('error-stacks.spec');
  });
});
