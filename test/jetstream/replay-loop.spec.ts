import { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import { replay } from '../../src/jetstream/replay/replay-loop.js';
import type { ReplayBatch, ReplayOptions } from '../../src/log/message-log.js';
import { StoreNotFoundError } from '../../src/jetstream/streams/stream-errors.js';
import { rejection } from '../support/collect.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';
import type { InMemoryStream } from '../support/in-memory-nats/in-memory-stream.js';
import { TestClock } from '../support/in-memory-nats/test-clock.js';

/** An idle pull of a bounded replay ends after this long. */
const PULL_MS = 2_100;

let nats: InMemoryNats;
let clock: TestClock;
let stream: InMemoryStream;
let stop: AbortController;

beforeEach(() => {
  clock = new TestClock();
  nats = new InMemoryNats();
  stream = nats.jetStream.createStream({ name: 'LOG', subjects: ['log.>'] });
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await clock.settle();
  await nats.connection.close();
  clock.restore();
});

function fill(count: number, subject = 'log.a'): void {
  for (let n = 1; n <= count; n += 1)
    stream.add(subject, '', { time: 1_000 * (stream.log.lastSequence + 1) });
}

/** A replay that is being read. */
class Reading {
  readonly sequences: number[] = [];
  readonly caughtUp: boolean[] = [];
  readonly recoveries: string[] = [];
  /** Set when it has ended. */
  isDone = false;
  /** What it failed with. */
  failure: unknown;
  readonly ended: Promise<void>;

  constructor(options: Partial<ReplayOptions> = {}, onBatch: (batch: ReplayBatch) => void = () => undefined) {
    const onRecovery = (reason: string): void => void this.recoveries.push(reason);
    const all = {
      start: { sequence: 1 },
      filters: [],
      live: false,
      maxBatch: 100,
      signal: stop.signal,
      onRecovery,
    };
    this.ended = this.#read({ ...all, ...options }, onBatch);
    this.ended.catch((error: unknown) => (this.failure = error));
  }

  async #read(options: ReplayOptions, onBatch: (batch: ReplayBatch) => void): Promise<void> {
    for await (const batch of replay(nats.connection, 'LOG', options)) {
      this.sequences.push(...batch.messages.map(({ sequence }) => sequence));
      this.caughtUp.push(batch.caughtUp);
      onBatch(batch);
    }
    this.isDone = true;
  }
}

async function read(options: Partial<ReplayOptions> = {}): Promise<number[]> {
  const reading = new Reading(options);
  await reading.ended;
  return reading.sequences;
}

function live(options: Partial<ReplayOptions> = {}): Reading {
  return new Reading({ live: true, ...options });
}

async function received(reading: Reading, count: number): Promise<void> {
  await clock.until(`${count} messages came`, () => reading.sequences.length >= count);
}

describe('a bounded replay', () => {
  it('returns the messages that were stored when it began, and ends', async () => {
    fill(3);
    expect(await read()).toEqual([1, 2, 3]);
    expect(await read({ start: { sequence: 3 } })).toEqual([3]);
    expect(await read({ start: { sequence: 4 } })).toEqual([]);
  });

  it('leaves out messages that are stored after it began', async () => {
    fill(3);
    const reading = new Reading({ maxBatch: 1 }, () => fill(1));
    await reading.ended;
    expect(reading.sequences).toEqual([1, 2, 3]);
  });

  it('leaves out messages that come with the last ones, but were stored later', async () => {
    fill(3);
    nats.faults.holdAnswer(1, 'STREAM.INFO');
    const reading = new Reading();
    await clock.settle();
    fill(2);
    nats.faults.release();
    await reading.ended;
    expect(reading.sequences).toEqual([1, 2, 3]);
  });

  it('begins at a time', async () => {
    fill(4);
    expect(await read({ start: { time: new Date(2_500) } })).toEqual([3, 4]);
    expect(await read({ start: { time: new Date(9_000) } })).toEqual([]);
  });

  it('gives subjects that a filter matches, and ends although the log ends with others', async () => {
    for (const subject of ['log.a', 'log.b', 'log.a', 'log.c']) fill(1, subject);
    expect(await read({ filters: ['log.a'] })).toEqual([1, 3]);
    expect(await read({ filters: ['log.a', 'log.b'] })).toEqual([1, 2, 3]);
    expect(await read({ filters: ['log.d'] })).toEqual([]);
  });

  it('gives batches of the size asked for, the last of which is caught up', async () => {
    fill(5);
    const reading = new Reading({ maxBatch: 2 });
    await reading.ended;
    expect(reading.caughtUp).toEqual([false, false, true]);
  });

  it('removes its consumer, also when the reader leaves early', async () => {
    fill(3);
    await read();
    for await (const _ of replay(nats.connection, 'LOG', {
      start: { sequence: 1 },
      filters: [],
      live: false,
      maxBatch: 1,
    }))
      break;
    await clock.settle();
    expect(stream.consumers.size).toBe(0);
  });

  it('ends when the remaining messages have been removed', async () => {
    fill(3);
    nats.faults.holdAnswer(1, 'CONSUMER.CREATE');
    const reading = new Reading();
    await clock.settle();
    for (const sequence of [1, 2, 3]) nats.faults.remove(sequence);
    nats.faults.release();
    await clock.pass(PULL_MS);
    await reading.ended;
    expect(reading.sequences).toEqual([]);
    expect(reading.recoveries).toEqual([]);
  });

  it('ends with the signal', async () => {
    nats.faults.lag(0);
    fill(3);
    const reading = new Reading();
    await clock.settle();
    stop.abort();
    await reading.ended;
    expect(reading.sequences).toEqual([]);
  });
});

describe('a bounded replay from a replica that lags', () => {
  it.each([
    ['knows nothing yet', 0],
    ['knows a part', 3],
    ['knows all but the last message', 4],
  ])('that %s waits for the rest', async (_, end) => {
    fill(5);
    nats.faults.lag(end);
    const reading = new Reading();
    await clock.pass(PULL_MS * 2);
    expect(reading.isDone).toBe(false);
    expect(reading.caughtUp).not.toEqual([]);
    nats.faults.heal();
    await reading.ended;
    expect(reading.sequences).toEqual([1, 2, 3, 4, 5]);
  });

  it('waits for the remaining messages of its filter', async () => {
    for (const subject of ['log.a', 'log.b', 'log.a', 'log.b']) fill(1, subject);
    nats.faults.lag(2);
    const reading = new Reading({ filters: ['log.a'] });
    await clock.pass(PULL_MS);
    expect(reading.isDone).toBe(false);
    nats.faults.lag(3);
    await reading.ended;
    expect(reading.sequences).toEqual([1, 3]);
  });

  it('ends when the rest is removed meanwhile', async () => {
    fill(3);
    nats.faults.lag(2);
    const reading = new Reading();
    await clock.pass(PULL_MS);
    nats.faults.remove(3);
    await clock.pass(PULL_MS);
    await reading.ended;
    expect(reading.sequences).toEqual([1, 2]);
  });

  it('fails when that has lasted for more than 30 s', async () => {
    fill(3);
    nats.faults.lag(2);
    const reading = new Reading();
    await clock.pass(34_000);
    expect(reading.failure).toHaveProperty('message', expect.stringContaining('lags behind the leader'));
  });
});

describe('a replay, bounded or live', () => {
  const FAULTS: [string, () => void][] = [
    ['leaves a gap', () => nats.faults.leaveGap()],
    ['delivers twice', () => nats.faults.deliverTwice()],
    ['delivers out of order', () => nats.faults.deliverOutOfOrder()],
  ];

  it.each(FAULTS)('gives all messages once and in order when the server %s', async (_, inflict) => {
    fill(4);
    inflict();
    const reading = new Reading({ maxBatch: 2 });
    await reading.ended;
    expect(reading.sequences).toEqual([1, 2, 3, 4]);
    expect(reading.recoveries).toHaveLength(1);
  });

  it.each(FAULTS)('continues after the last message that came when the server %s', async (_, inflict) => {
    fill(3);
    const reading = live();
    await received(reading, 3);
    inflict();
    fill(3);
    await received(reading, 6);
    expect(reading.sequences).toEqual([1, 2, 3, 4, 5, 6]);
    expect(reading.recoveries).toHaveLength(1);
  });
});

describe('a live replay', () => {
  it('continues with messages that are stored later, and reports when it is caught up', async () => {
    fill(2);
    const reading = live();
    await received(reading, 2);
    expect(reading.caughtUp).toEqual([true]);
    fill(1);
    await received(reading, 3);
    expect(reading.caughtUp).toEqual([true, true]);
    expect(reading.isDone).toBe(false);
  });

  it('is caught up at once where there is nothing', async () => {
    const reading = live();
    await clock.until('a batch came', () => reading.caughtUp.length > 0);
    expect(reading.caughtUp).toEqual([true]);
  });

  it('ends with the signal', async () => {
    const reading = live();
    await clock.settle();
    stop.abort();
    await reading.ended;
    await clock.settle();
    expect(stream.consumers.size).toBe(0);
  });

  it.each<[string, () => void | Promise<void>]>([
    ['its consumer is deleted', () => nats.faults.loseConsumer()],
    [
      'the connection is renewed',
      () => {
        nats.faults.disconnect();
        fill(1);
        nats.faults.reconnect();
      },
    ],
    [
      'the server is silent for a while',
      async () => {
        nats.faults.fallSilent();
        await clock.pass(2_900);
        nats.faults.heal();
      },
    ],
  ])('goes on after the last message when %s', async (_, inflict) => {
    fill(2);
    const reading = live();
    await received(reading, 2);
    await inflict();
    fill(2);
    await clock.until('it caught up', () => reading.sequences.at(-1) === stream.log.lastSequence);
    expect(reading.sequences).toEqual(
      Array.from({ length: stream.log.lastSequence }, (_sequence, index) => index + 1),
    );
    expect(reading.recoveries).toHaveLength(1);
  });

  it('returns no message again when it continues on a lagging replica', async () => {
    fill(5);
    const reading = live();
    await received(reading, 5);
    nats.faults.lag(3);
    nats.faults.loseConsumer();
    await clock.until('another consumer is there', () => stream.consumers.size > 0);
    nats.faults.heal();
    fill(1);
    await received(reading, 6);
    expect(reading.sequences).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('drops messages that a lagging replica repeats', async () => {
    fill(5);
    const reading = live();
    await received(reading, 5);
    nats.faults.lag(3);
    nats.faults.repeatSeen();
    nats.faults.loseConsumer();
    await clock.until('another consumer is there', () => stream.consumers.size > 0);
    nats.faults.heal();
    fill(1);
    await received(reading, 6);
    expect(reading.sequences).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('begins after the last it has seen, however often its consumer is lost', async () => {
    fill(5);
    const reading = live();
    await received(reading, 5);
    nats.faults.lag(3);
    nats.faults.repeatSeen();
    nats.faults.loseConsumer();
    await clock.until('another consumer is there', () => stream.consumers.size > 0);
    nats.faults.lag(4);
    await clock.settle();
    nats.faults.loseConsumer();
    await clock.until('a third consumer is there', () => stream.consumers.size > 0);
    const [consumer] = stream.consumers.values();
    expect(consumer?.settings.opt_start_seq).toBe(6);
  });

  it('tries again when the server refuses its consumer', async () => {
    fill(1);
    nats.faults.answerWith({ code: 400, err_code: 10026, description: 'no room' }, 2, 'CONSUMER.CREATE');
    const reading = live();
    await received(reading, 1);
    expect(reading.recoveries).toEqual(['no room', 'no room']);
  });

  it('pauses longer and longer between tries', async () => {
    const begun = Date.now();
    nats.faults.refuse({ code: 400, err_code: 10026, description: 'no room' }, 'CONSUMER.CREATE');
    const reading = live();
    await clock.until('it tried five times', () => reading.recoveries.length >= 5);
    // at least half of 20, 40, 80 and 160 ms
    expect(Date.now() - begun).toBeGreaterThan(140);
  });

  it('is caught up when the remaining messages have been removed', async () => {
    fill(3);
    nats.faults.holdAnswer(1, 'CONSUMER.CREATE');
    const reading = live();
    await clock.settle();
    for (const sequence of [1, 2, 3]) nats.faults.remove(sequence);
    nats.faults.release();
    await clock.pass(800);
    expect(reading.caughtUp).toEqual([true]);
  });
});

describe('a replay of a stream that is not there', () => {
  it('fails when the server has reported it for a while', async () => {
    nats.jetStream.streams.delete('LOG');
    const reading = new Reading({ live: true, onRecovery: () => clock.jump(2_000) });
    expect(await rejection(reading.ended)).toBeInstanceOf(StoreNotFoundError);
  });

  it('continues when it comes back in time', async () => {
    const reading = live();
    await clock.settle();
    nats.jetStream.streams.delete('LOG');
    stream.deleteConsumer([...stream.consumers.keys()][0] ?? '');
    await clock.until('the server said so', () => reading.recoveries.includes('stream not found'));
    nats.jetStream.streams.set('LOG', stream);
    fill(1);
    await received(reading, 1);
    expect(reading.isDone).toBe(false);
  });

  it('counts from the first word of it after a consumer was made', async () => {
    const gone = { code: 404, err_code: 10059, description: 'stream not found' };
    nats.faults.answerWith(gone, 1, 'CONSUMER.CREATE');
    fill(3);
    nats.faults.lag(2);
    const reading = new Reading();
    await received(reading, 2);
    await clock.pass(4_000);
    nats.faults.answerWith(gone, 1, 'CONSUMER.INFO');
    await clock.until('the server said so again', () => reading.recoveries.length === 2);
    nats.faults.heal();
    await reading.ended;
    expect(reading.sequences).toEqual([1, 2, 3]);
  });
});

describe('a replay that gets no further', () => {
  it('fails after 30 s when it is bounded', async () => {
    fill(1);
    nats.faults.refuse({ code: 400, err_code: 10026, description: 'no room' }, 'CONSUMER.CREATE');
    const reading = new Reading({ onRecovery: () => clock.jump(16_000) });
    const error = await rejection(reading.ended);
    expect(error).toBeInstanceOf(NatsError);
    expect(error).toHaveProperty('message', 'replay of LOG gets no further: no room');
  });

  it('does not count the time that the reader takes', async () => {
    fill(3);
    const reading = new Reading({ maxBatch: 1 }, () => clock.jump(40_000));
    nats.faults.deliverTwice();
    await reading.ended;
    expect(reading.sequences).toEqual([1, 2, 3]);
  });

  it('fails at once when it is bounded and the user may not make a consumer', async () => {
    fill(1);
    nats.faults.refuse({ code: 403, description: 'not permitted' }, 'CONSUMER.CREATE');
    const reading = new Reading();
    expect(await rejection(reading.ended)).toHaveProperty(
      'message',
      expect.stringContaining('not permitted'),
    );
    expect(reading.recoveries).toEqual([]);
  });

  it('keeps trying when it is live', async () => {
    fill(1);
    nats.faults.answerWith({ code: 403, description: 'not permitted' }, 1, 'CONSUMER.CREATE');
    const recoveries: string[] = [];
    const reading = live({
      onRecovery: (reason) => {
        recoveries.push(reason);
        clock.jump(40_000);
      },
    });
    await received(reading, 1);
    expect(recoveries).toEqual(['not permitted']);
  });

  it('fails when the connection is closed', async () => {
    const reading = live();
    await clock.settle();
    await nats.connection.close();
    expect(await rejection(reading.ended)).toMatchObject({ code: 'connection-closed' });
  });
});
