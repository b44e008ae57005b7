import { ConsumerLost } from '../../src/jetstream/consume/consumer-lost.js';
import { ReplayConsumer, type ReplayConsumerOptions } from '../../src/jetstream/replay/replay-consumer.js';
import type { ReplayMessage } from '../../src/jetstream/replay/replay-message.js';
import type { InMemoryConsumer } from '../support/in-memory-nats/in-memory-consumer.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';
import type { InMemoryStream } from '../support/in-memory-nats/in-memory-stream.js';
import { TestClock } from '../support/in-memory-nats/test-clock.js';

const HEARTBEAT_MS = 700;
const OPTIONS: ReplayConsumerOptions = { start: { sequence: 1 }, filters: [], pullExpiresMs: 2_000 };

let nats: InMemoryNats;
let clock: TestClock;
let stream: InMemoryStream;

beforeEach(() => {
  clock = new TestClock();
  nats = new InMemoryNats();
  stream = nats.jetStream.createStream({ name: 'LOG', subjects: ['log.>'] });
});

afterEach(async () => {
  nats.faults.loseConsumer();
  await nats.connection.close();
  clock.restore();
});

function fill(count: number): void {
  for (let n = 1; n <= count; n += 1) stream.add('log.a', `${n}`, { time: 1_000 * n });
}

async function create(options: Partial<ReplayConsumerOptions> = {}): Promise<ReplayConsumer> {
  const made = await ReplayConsumer.create(nats.connection, 'LOG', { ...OPTIONS, ...options });
  if (made instanceof ConsumerLost) throw new TypeError(made.reason);
  await clock.settle();
  return made;
}

function onServer(): InMemoryConsumer {
  const [consumer] = [...stream.consumers.values()];
  if (consumer === undefined) throw new TypeError('the server has no consumer');
  return consumer;
}

async function take(consumer: ReplayConsumer, max = 100): Promise<number[] | string> {
  const taken = await consumer.take(max, undefined, false);
  return taken instanceof ConsumerLost ? taken.reason : taken.map(({ sequence }) => sequence);
}

/** Whether a promise is still open, after all that is on its way has arrived. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  let isOpen = true;
  void promise.finally(() => (isOpen = false));
  await clock.settle();
  return isOpen;
}

describe('the making of a ReplayConsumer', () => {
  it('reports how many messages wait', async () => {
    fill(3);
    expect((await create({ start: { sequence: 2 } })).pendingAtStart).toBe(2);
  });

  it('asks for a consumer in memory, without acknowledgements, that begins at a sequence', async () => {
    await create({ start: { sequence: 0 } });
    expect(onServer().settings).toMatchObject({
      ack_policy: 'none',
      mem_storage: true,
      num_replicas: 1,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: 1,
    });
  });

  it('begins at a time where it is asked to', async () => {
    fill(4);
    const consumer = await create({ start: { time: new Date(2_500) } });
    expect(await take(consumer)).toEqual([3, 4]);
  });

  it('names a single filter in the call, so that permissions can restrict it', async () => {
    stream.add('log.a');
    stream.add('log.b');
    const consumer = await create({ filters: ['log.b'] });
    expect(await take(consumer)).toEqual([2]);
    expect(nats.published('$JS.API.CONSUMER.CREATE.LOG.*.log.b')).toHaveLength(1);
  });

  it('takes several filters', async () => {
    for (const subject of ['log.a', 'log.b', 'log.c']) stream.add(subject);
    expect(await take(await create({ filters: ['log.a', 'log.c'] }))).toEqual([1, 3]);
  });

  it('gives the fault of the server that refuses', async () => {
    const fault = { code: 400, err_code: 10026, description: 'maximum consumers limit reached' };
    nats.faults.answerWith(fault, 1, 'CONSUMER.CREATE');
    const refused = await ReplayConsumer.create(nats.connection, 'LOG', OPTIONS);
    expect(refused).toMatchObject({ reason: fault.description, fault });
  });
});

describe('a ReplayConsumer', () => {
  it('gives messages with subject, body, sequence, time and how many follow', async () => {
    fill(3);
    nats.faults.remove(2);
    const taken = (await (await create()).take(9, undefined, false)) as ReplayMessage[];
    const text = (data: Uint8Array): string => new TextDecoder().decode(data);
    expect(taken.map(({ data, ...message }) => ({ ...message, body: text(data) }))).toEqual([
      { subject: 'log.a', body: '1', sequence: 1, time: 1_000, delivery: 1, pending: 1 },
      { subject: 'log.a', body: '3', sequence: 3, time: 3_000, delivery: 2, pending: 0 },
    ]);
  });

  it('gives no more at once than asked for, and the rest later', async () => {
    fill(3);
    const consumer = await create();
    expect([await take(consumer, 2), await take(consumer, 2)]).toEqual([[1, 2], [3]]);
  });

  it('waits for messages', async () => {
    const consumer = await create();
    const taken = take(consumer);
    await clock.settle();
    stream.add('log.a');
    expect(await taken).toEqual([1]);
  });

  it('gives nothing when the caller gives up', async () => {
    const consumer = await create();
    const caller = new AbortController();
    const taken = consumer.take(1, caller.signal, false);
    await clock.settle();
    caller.abort();
    expect(await taken).toEqual([]);
    expect(await consumer.take(1, caller.signal, false)).toEqual([]);
  });

  it('gives nothing when a pull ended without any', async () => {
    const consumer = await create();
    const taken = take(consumer);
    await clock.pass(HEARTBEAT_MS * 2);
    expect(await isWaiting(taken)).toBe(true);
    await clock.pass(HEARTBEAT_MS);
    expect(await taken).toEqual([]);
    expect(await isWaiting(take(consumer))).toBe(true);
  });

  it('gives nothing at a heartbeat where that is asked for', async () => {
    const consumer = await create();
    const taken = consumer.take(1, undefined, true);
    await clock.pass(HEARTBEAT_MS);
    expect(await taken).toEqual([]);
    const next = consumer.take(1, undefined, true);
    expect(await isWaiting(next)).toBe(true);
    await clock.pass(HEARTBEAT_MS);
    expect(await next).toEqual([]);
  });

  it('does not count a heartbeat from before the last message', async () => {
    const consumer = await create();
    await clock.pass(HEARTBEAT_MS);
    stream.add('log.a');
    expect(await take(consumer)).toEqual([1]);
    const taken = consumer.take(1, undefined, true);
    await clock.settle();
    expect(await isWaiting(taken)).toBe(true);
    stream.add('log.a');
    expect(await taken).toHaveLength(1);
  });

  it('keeps two pulls under way', async () => {
    const consumer = await create();
    expect(onServer().waiting).toBe(2);
    await clock.pass(HEARTBEAT_MS * 3);
    expect(onServer().waiting).toBe(2);
    expect(await take(consumer)).toEqual([]);
  });

  it('requests no more while the bytes of untaken messages reach the limit', async () => {
    const consumer = await create();
    const data = new Uint8Array(1_048_576);
    for (let n = 0; n < 60; n += 1) stream.add('log.a', '', { data });
    await clock.settle();
    expect(onServer().waiting).toBe(0);
    expect(onServer().info()).toMatchObject({ num_pending: 60 - 24 });
    let taken = 0;
    while (taken < 60) taken += ((await take(consumer)) as number[]).length;
    expect(onServer().waiting).toBe(2);
  });

  it('asks the server how many are still to come', async () => {
    nats.faults.lag(0);
    const consumer = await create();
    nats.faults.fallSilent();
    fill(2);
    nats.faults.disconnect();
    nats.faults.reconnect();
    nats.faults.heal();
    expect(await consumer.pending()).toBe(2);
  });

  it('is lost when the server does not know it any more', async () => {
    const consumer = await create();
    nats.faults.loseConsumer();
    expect(await consumer.pending()).toMatchObject({ fault: { err_code: 10014 } });
  });

  it('is lost when the server does not say how many are to come', async () => {
    const consumer = await create();
    nats.faults.fallSilent();
    const pending = consumer.pending();
    await clock.pass(5_100);
    expect(await pending).toBeInstanceOf(ConsumerLost);
  });

  it('removes itself on the server when it is closed', async () => {
    const consumer = await create();
    consumer.close();
    await clock.settle();
    expect(stream.consumers.size).toBe(0);
  });

  it('is closed without a word when the connection is', async () => {
    const consumer = await create();
    await nats.connection.close();
    expect(() => consumer.close()).not.toThrow();
  });
});

describe('a ReplayConsumer notices', () => {
  it('a gap in its deliveries, and returns the messages before it', async () => {
    fill(1);
    const consumer = await create();
    nats.faults.leaveGap();
    fill(2);
    await clock.settle();
    expect(await take(consumer)).toEqual([1]);
    expect(await take(consumer)).toBe('delivery 2 is missing');
  });

  it('a gap before its first message', async () => {
    nats.faults.leaveGap();
    fill(2);
    expect(await take(await create())).toBe('delivery 1 is missing');
  });

  it('a delivery that comes twice', async () => {
    nats.faults.deliverTwice();
    fill(2);
    const consumer = await create();
    expect(await take(consumer)).toEqual([1]);
    expect(await take(consumer)).toBe('delivery 2 is missing');
  });

  it('deliveries out of order', async () => {
    nats.faults.deliverOutOfOrder();
    fill(3);
    const consumer = await create();
    expect(await take(consumer, 1)).toBe('delivery 1 is missing');
    expect(await take(consumer, 1)).toBe('delivery 1 is missing');
  });

  it('that it was deleted, after the messages that came before', async () => {
    fill(2);
    const consumer = await create();
    nats.faults.loseConsumer();
    expect(await take(consumer)).toEqual([1, 2]);
    expect(await take(consumer)).toContain('Consumer Deleted');
  });

  it('silence', async () => {
    const consumer = await create();
    nats.faults.fallSilent();
    const taken = take(consumer);
    await clock.pass(HEARTBEAT_MS * 4);
    expect(await taken).toBe('it fell silent');
  });

  it('that the connection was renewed', async () => {
    const consumer = await create();
    const taken = take(consumer);
    nats.faults.disconnect();
    nats.faults.reconnect();
    expect(await taken).toBe('the connection was renewed');
  });
});
