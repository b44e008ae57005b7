import { jest } from '@jest/globals';
import type { ConsumerLost } from '../../src/jetstream/consume/consumer-lost.js';
import { PullSubscription } from '../../src/jetstream/consume/pull-subscription.js';
import { toBytes } from '../support/in-memory-nats/envelope.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';
import type { InMemoryConsumer } from '../support/in-memory-nats/in-memory-consumer.js';
import type { InMemoryStream } from '../support/in-memory-nats/in-memory-stream.js';
import type { PullBody } from '../support/in-memory-nats/pull-requests.js';
import { TestClock } from '../support/in-memory-nats/test-clock.js';

const OPTIONS = { expiresMs: 1_000, heartbeatMs: 100, maxBytes: 10_000 };

let nats: InMemoryNats;
let clock: TestClock;
let stream: InMemoryStream;
let consumer: InMemoryConsumer;
let pulls: PullSubscription;
/** The calls of the listener, in order. */
let told: string[];

const PULLS = { ...OPTIONS, consumer: { stream: 'LOG', consumer: 'c' } };

beforeEach(() => {
  clock = new TestClock();
  nats = new InMemoryNats();
  stream = nats.jetStream.createStream({ name: 'LOG', subjects: ['log.>'] });
  consumer = stream.createConsumer({ name: 'c' });
  told = [];
  pulls = new PullSubscription(nats.connection, PULLS, {
    onMessage: (msg) => told.push(`${msg.subject} ${msg.string()}`),
    onHeartbeat: () => told.push('heartbeat'),
    onPullEnd: ({ wasEmpty }) => told.push(wasEmpty ? 'empty pull ended' : 'pull ended'),
    onLost: ({ reason }: ConsumerLost) => told.push(`lost: ${reason}`),
  });
});

afterEach(async () => {
  pulls.close();
  await nats.connection.close();
  clock.restore();
});

function add(...bodies: string[]): void {
  for (const body of bodies) stream.add('log.a', body);
}

function requested(): PullBody[] {
  return nats
    .published('$JS.API.CONSUMER.MSG.NEXT.LOG.c')
    .map(({ data }) => JSON.parse(new TextDecoder().decode(data)) as PullBody);
}

async function pull(...sizes: number[]): Promise<void> {
  for (const size of sizes) pulls.pull(size);
  await clock.settle();
}

describe('PullSubscription', () => {
  it('asks with its expiry, its heartbeat and room for two of the largest messages', async () => {
    await pull(5);
    expect(requested()).toEqual([{ batch: 5, max_bytes: 2_097_152, expires: 1e9, idle_heartbeat: 1e8 }]);
  });

  it('returns messages under the subjects they are stored under, and counts the remaining ones', async () => {
    add('1', '2');
    await pull(3);
    expect(told).toEqual(['log.a 1', 'log.a 2']);
    expect([pulls.count, pulls.awaited]).toEqual([1, 1]);
  });

  it('ends a pull that was served in full, once', async () => {
    add('1', '2');
    await pull(2, 3);
    expect(told).toEqual(['log.a 1', 'log.a 2', 'pull ended']);
    expect([pulls.count, pulls.awaited]).toEqual([1, 3]);
  });

  it('ends a pull that was served in full, also when the server does not say so', async () => {
    await pull(1);
    const [request] = nats.published('$JS.API.CONSUMER.MSG.NEXT.>');
    const message = { subject: 'log.a', data: toBytes('1'), reply: '$JS.ACK.LOG.c.1.1.1.0.0' };
    nats.broker.deliver(request?.reply ?? '', message);
    expect(told).toEqual(['log.a 1', 'pull ended']);
    expect(pulls.count).toBe(0);
  });

  it('counts messages to the oldest pull first', async () => {
    add('1', '2', '3');
    await pull(2, 2);
    expect(told.filter((word) => word === 'pull ended')).toHaveLength(1);
    expect([pulls.count, pulls.awaited]).toEqual([1, 1]);
  });

  it('reports whether an expired pull had delivered anything', async () => {
    add('1');
    await pull(2, 2);
    await clock.pass(1_000);
    expect(told.filter((word) => word !== 'heartbeat')).toEqual([
      'log.a 1',
      'pull ended',
      'empty pull ended',
    ]);
    expect([pulls.count, pulls.awaited]).toEqual([0, 0]);
  });

  it.each([
    [404, 'No Messages'],
    [408, 'Request Timeout'],
    [409, 'Message Size Exceeds MaxBytes'],
    [409, 'Batch Completed'],
  ])('takes status %i "%s" for the end of that pull', async (code, description) => {
    await pull(2);
    nats.faults.answerWith({ code, description }, 1, 'CONSUMER.MSG.NEXT');
    await pull(3);
    expect(told).toEqual(['empty pull ended']);
    expect(pulls.awaited).toBe(2);
  });

  it.each([
    [409, 'Consumer Deleted'],
    [409, 'Leadership Change'],
    [409, 'Exceeded MaxWaiting'],
    [409, 'Server Shutdown'],
    [503, 'No Responders'],
  ])('takes status %i "%s" for the loss of the consumer', async (code, description) => {
    nats.faults.answerWith({ code, description }, 2, 'CONSUMER.MSG.NEXT');
    await pull(2, 2);
    expect(told).toEqual([`lost: the server ended it: ${code} ${description}`]);
  });

  it('notices that the consumer is deleted', async () => {
    await pull(2);
    nats.faults.loseConsumer();
    expect(told).toEqual(['lost: the server ended it: 409 Consumer Deleted']);
  });

  it('lives as long as heartbeats come', async () => {
    await pull(2);
    await clock.pass(900);
    expect(new Set(told)).toEqual(new Set(['heartbeat']));
  });

  it('is lost when it has heard nothing for more than three heartbeats', async () => {
    await pull(2);
    nats.faults.fallSilent();
    await clock.pass(320);
    expect(told).toEqual([]);
    await clock.pass(100);
    expect(told).toEqual(['lost: it fell silent']);
  });

  it('is not lost while what the server has sent is still to be read', async () => {
    let answer = (): void => undefined;
    const ping = jest.spyOn(nats.connection.nc, 'flush');
    ping.mockImplementation(async () => new Promise((resolve) => (answer = resolve)));
    await pull(9);
    nats.faults.fallSilent();
    await clock.pass(450);
    expect(told).toEqual([]);
    nats.faults.heal();
    add('1');
    answer();
    await clock.settle();
    expect(told).toContain('log.a 1');
    nats.faults.fallSilent();
    await clock.pass(450);
    answer();
    await clock.settle();
    expect(told.filter((word) => word !== 'heartbeat')).toEqual(['log.a 1', 'lost: it fell silent']);
    expect(ping).toHaveBeenCalledTimes(2);
  });

  it('counts silence from the last sign of life', async () => {
    await pull(9);
    for (let round = 0; round < 3; round += 1) {
      nats.faults.fallSilent();
      await clock.pass(300);
      nats.faults.heal();
      add('1');
      await clock.settle();
    }
    expect(told.filter((word) => word.startsWith('lost'))).toEqual([]);
  });

  it('may be silent while nothing is asked for', async () => {
    nats.faults.fallSilent();
    await clock.pass(1_000);
    expect(told).toEqual([]);
  });

  it('is lost with the connection, once it is there again', async () => {
    await pull(2);
    nats.faults.disconnect();
    nats.faults.reconnect();
    await clock.settle();
    expect(told).toEqual(['lost: the connection was renewed']);
  });

  it('is lost when the connection is closed, and when it asks afterwards', async () => {
    await nats.connection.close();
    await clock.settle();
    expect(told).toEqual(['lost: the connection was closed']);
    const late: string[] = [];
    const other = new PullSubscription(nats.connection, PULLS, {
      onMessage: () => undefined,
      onPullEnd: () => undefined,
      onLost: ({ reason }) => late.push(reason),
    });
    other.pull(1);
    other.close();
    expect(late).toEqual(['the connection is closed']);
  });

  it('gives nothing to anybody once it is closed', async () => {
    await pull(2);
    pulls.close();
    add('1');
    nats.faults.loseConsumer();
    nats.faults.disconnect();
    nats.faults.reconnect();
    await clock.pass(1_000);
    expect(told).toEqual([]);
  });

  it('still returns messages under way while it is drained, and requests no more', async () => {
    await pull(1);
    const drained = pulls.drain();
    add('1', '2');
    await drained;
    add('3');
    await clock.settle();
    expect(told).toEqual(['log.a 1']);
    expect(consumer.waiting).toBe(0);
  });
});
