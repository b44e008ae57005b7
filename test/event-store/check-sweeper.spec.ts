import { jest } from '@jest/globals';
import { CheckMessages } from '../../src/event-store/append/check-messages.js';
import { CheckSweeper } from '../../src/event-store/append/check-sweeper.js';
import { streamName } from '../../src/event/stream-name.js';
import { Deadline } from '../../src/kernel/deadline.js';
import type { OutgoingMessage } from '../../src/log/message-log.js';
import { InMemoryMessageLog } from '../../src/testing/in-memory/in-memory-message-log.js';
import { InMemoryStorage } from '../../src/testing/in-memory/in-memory-storage.js';

const MINUTE = 60_000;
const stream = streamName('order', '1');

let log: InMemoryMessageLog;
let checks: CheckMessages;
let sweeper: CheckSweeper;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
  log = new InMemoryMessageLog({ storage: new InMemoryStorage() });
  checks = new CheckMessages(log, 'shop');
  sweeper = new CheckSweeper(checks);
});

afterEach(() => {
  sweeper.stop();
  jest.useRealTimers();
});

async function leave(transaction: string): Promise<void> {
  const message: OutgoingMessage = checks.make({ transaction, index: 0, stream, guard: 0 });
  expect(await log.publish(message, new Deadline(1_000), log.epoch)).toMatchObject({ kind: 'stored' });
}

async function left(): Promise<number> {
  return (await log.subjectNames('shop.*.$check.*', 0, new Deadline(1_000))).total;
}

async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
  // reads of the log in memory take turns of the event loop
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('checks that killed processes have left', () => {
  it('are removed soon after the connect and then rarely, those of the last minute later', async () => {
    await leave('a');
    jest.setSystemTime(Date.now() + MINUTE);
    await leave('b');
    await pass(MINUTE / 2);
    expect(await left()).toBe(1);
    await pass(30 * MINUTE);
    expect(await left()).toBe(1);
    await pass(50 * MINUTE);
    expect(await left()).toBe(0);
    await leave('c');
    await pass(80 * MINUTE);
    await pass(80 * MINUTE);
    expect(await left()).toBe(0);
  });

  it('are left alone after the store was closed', async () => {
    await leave('a');
    jest.setSystemTime(Date.now() + MINUTE);
    sweeper.stop();
    await pass(200 * MINUTE);
    expect(await left()).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('are left alone for good by a user that may not delete', async () => {
    for (const transaction of ['a', 'b']) await leave(transaction);
    const remove = jest.spyOn(log, 'delete').mockRejectedValue(new RangeError('not permitted'));
    jest.setSystemTime(Date.now() + MINUTE);
    await pass(300 * MINUTE);
    expect(remove).toHaveBeenCalledTimes(1);
    expect(await left()).toBe(2);
  });

  it('are not even looked for after a delete was refused', async () => {
    await leave('a');
    const remove = jest.spyOn(log, 'delete').mockRejectedValue(new RangeError('not permitted'));
    const names = jest.spyOn(log, 'subjectNames');
    checks.discard([1]);
    await pass(300 * MINUTE);
    expect(remove).toHaveBeenCalledTimes(1);
    expect(names).not.toHaveBeenCalled();
  });
});
