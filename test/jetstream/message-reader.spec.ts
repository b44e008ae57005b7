import { Deadline } from '../../src/kernel/deadline.js';
import { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import { MessageReader } from '../../src/jetstream/read/message-reader.js';
import type { StoredMessage } from '../../src/log/message-log.js';
import { collect, rejection } from '../support/collect.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';
import type { InMemoryStream } from '../support/in-memory-nats/in-memory-stream.js';
import { TestClock } from '../support/in-memory-nats/test-clock.js';

const NO_TIME = { time: false };

let nats: InMemoryNats;
let clock: TestClock;
let stream: InMemoryStream;
let reader: MessageReader;

beforeEach(() => {
  clock = new TestClock();
  nats = new InMemoryNats();
  stream = nats.jetStream.createStream({ name: 'LOG', subjects: ['log.>'] });
  reader = new MessageReader(nats.connection, 'LOG');
});

afterEach(async () => {
  await nats.connection.close();
  clock.restore();
});

function fill(count: number, subject = 'log.a'): void {
  for (let n = 1; n <= count; n += 1) stream.add(subject, `${n}`, { time: 1_000 * n });
}

function textOf(message: StoredMessage | undefined): string | undefined {
  return message && new TextDecoder().decode(message.data);
}

function requests(): string[] {
  return nats.published('$JS.API.DIRECT.GET.LOG').map(({ data }) => new TextDecoder().decode(data));
}

describe('a message got from any replica', () => {
  it('is the last of a subject that the replica knows', async () => {
    fill(3);
    stream.add('log.b');
    expect(await reader.last('log.a')).toMatchObject({ sequence: 3, time: 3_000 });
    expect(textOf(await reader.last('log.a'))).toBe('3');
    nats.faults.lag(2);
    expect(await reader.last('log.a')).toMatchObject({ sequence: 2 });
    expect(await reader.last('log.b')).toBeUndefined();
  });

  it('is a message, too, when it has no body', async () => {
    stream.add('log.a');
    expect(await reader.last('log.a')).toMatchObject({ sequence: 1 });
    const [message] = await reader.bySequences([1], NO_TIME);
    expect(message).toMatchObject({ sequence: 1 });
    expect(textOf(message)).toBe('');
  });

  it('fails when the server reports neither a message nor its absence', async () => {
    fill(1);
    nats.faults.answerWith({ code: 408, description: 'Empty Request' }, 2, 'DIRECT.GET');
    const error = await rejection(reader.last('log.a'));
    expect(error).toBeInstanceOf(NatsError);
    expect(error).toHaveProperty('message', expect.stringContaining('408 Empty Request'));
    expect(await rejection(reader.bySequences([1], NO_TIME))).toBeInstanceOf(NatsError);
  });
});

describe('a message asked of the leader', () => {
  beforeEach(() => {
    fill(3);
    nats.faults.lag(1);
  });

  it('is found although a lagging replica has none of that sequence', async () => {
    expect(await reader.bySequences([3], NO_TIME)).toEqual([undefined]);
    const message = await reader.bySequenceAtLeader(3);
    expect(message).toMatchObject({ sequence: 3, subject: 'log.a', time: 3_000 });
    expect(textOf(message)).toBe('3');
  });

  it('is gone when the leader has none of that sequence', async () => {
    nats.faults.remove(2);
    expect(await reader.bySequenceAtLeader(2)).toBeUndefined();
    nats.faults.truncate(1);
    expect(await reader.bySequenceAtLeader(3)).toBeUndefined();
  });

  it('is the last of its subject, whatever a replica knows', async () => {
    expect(textOf(await reader.lastAtLeader('log.a'))).toBe('3');
    expect(await reader.lastAtLeader('log.b')).toBeUndefined();
  });

  it('is the first of its subject at a sequence or after it', async () => {
    stream.add('log.b', 'b');
    fill(1);
    expect(await reader.nextAtLeader('log.a', 3)).toMatchObject({ sequence: 3 });
    expect(await reader.nextAtLeader('log.a', 4)).toMatchObject({ sequence: 5 });
    expect(await reader.nextAtLeader('log.a', 6)).toBeUndefined();
  });

  it('fails with any other fault, once that is not one that passes', async () => {
    nats.faults.answerWith({ code: 503, err_code: 10008 }, 2, 'STREAM.MSG.GET');
    nats.faults.answerWith({ code: 500, err_code: 10099, description: 'broken' }, 1, 'STREAM.MSG.GET');
    expect(await rejection(reader.bySequenceAtLeader(3))).toHaveProperty(
      'message',
      'reading from store LOG: broken (10099)',
    );
    expect(nats.published('$JS.API.STREAM.MSG.GET.LOG')).toHaveLength(3);
  });
});

describe('messages got by their sequences', () => {
  it('come in the order of the sequences, without one that is not there', async () => {
    fill(4);
    nats.faults.remove(2);
    const messages = await reader.bySequences([4, 2, 1], NO_TIME);
    expect(messages.map(textOf)).toEqual(['4', undefined, '1']);
    expect(messages.map((message) => message?.sequence)).toEqual([4, undefined, 1]);
  });

  it('come in the order of the sequences when the answers do not', async () => {
    fill(3);
    nats.faults.holdAnswer(2, 'DIRECT.GET');
    const messages = reader.bySequences([1, 2, 3], NO_TIME);
    await clock.settle();
    nats.faults.release();
    expect((await messages).map(textOf)).toEqual(['1', '2', '3']);
  });

  it('bring their times where these are asked for, and else no headers at all', async () => {
    fill(2);
    expect(await reader.bySequences([1, 2], { time: true })).toMatchObject([
      { time: 1_000 },
      { time: 2_000 },
    ]);
    await reader.bySequences([1], NO_TIME);
    expect(requests()).toEqual(['{"seq":1}', '{"seq":2}', '{"seq":1,"no_hdr":true}']);
  });

  it('are asked for again where no answer came, and only there', async () => {
    fill(3);
    nats.faults.loseRequest(1, 'DIRECT.GET');
    nats.faults.leaveUnserved(1, 'DIRECT.GET');
    const messages = reader.bySequences([1, 2, 3], { time: true });
    await clock.pass(1_100);
    expect((await messages).map(textOf)).toEqual(['1', '2', '3']);
    expect(requests().slice(3)).toEqual(['{"seq":1}', '{"seq":2}']);
  });

  it('do not wait for the timeout when there are no responders', async () => {
    fill(1);
    nats.faults.leaveUnserved(1, 'DIRECT.GET');
    expect((await reader.bySequences([1], NO_TIME)).map(textOf)).toEqual(['1']);
  });

  it('are asked for in rounds that hold fewer of them the larger they are', async () => {
    const atFirst = reader.getsAtOnce;
    stream.add('log.a', 'x'.repeat(1_000_000));
    await reader.bySequences([1], NO_TIME);
    expect(reader.getsAtOnce).toBeLessThan(atFirst / 100);
    const perRound = reader.getsAtOnce / 4;
    nats.faults.fallSilent();
    const caller = new AbortController();
    const answers = reader.bySequences(
      Array.from({ length: 100 }, () => 1),
      { ...NO_TIME, signal: caller.signal },
    );
    await clock.settle();
    expect(requests()).toHaveLength(1 + 4 * perRound);
    caller.abort();
    await rejection(answers);
  });

  it('fail at the deadline, saying how many did not come', async () => {
    fill(2);
    nats.faults.loseAnswer(9, 'DIRECT.GET');
    const failed = rejection(reader.bySequences([1, 2], { ...NO_TIME, deadline: new Deadline(500) }));
    await clock.pass(600);
    expect(await failed).toBeInstanceOf(NatsError);
    expect(await failed).toHaveProperty('message', expect.stringContaining('2 of 2 gets were not answered'));
  });

  it('end with the reason of the caller’s signal', async () => {
    nats.faults.fallSilent();
    const caller = new AbortController();
    const failed = rejection(reader.bySequences([1], { ...NO_TIME, signal: caller.signal }));
    await clock.settle();
    caller.abort(new TypeError('enough'));
    expect(await failed).toHaveProperty('message', 'enough');
  });
});

describe('a scan of a subject', () => {
  const scan = async (from = 1): Promise<number[]> =>
    (await collect(reader.scan('log.a', from))).map(({ sequence }) => sequence);
  const sequences = (first: number, last: number): number[] =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);

  it('gives all from a sequence on, page by page', async () => {
    fill(600);
    expect(await scan(3)).toEqual(sequences(3, 600));
    expect(requests()).toHaveLength(3);
  });

  it('asks no more after the server reported that nothing follows', async () => {
    fill(256);
    expect(await scan()).toEqual(sequences(1, 256));
    expect(requests()).toHaveLength(1);
  });

  it('leaves out other subjects and removed messages', async () => {
    fill(2);
    stream.add('log.b');
    fill(2);
    nats.faults.remove(2);
    expect(await scan()).toEqual([1, 4, 5]);
  });

  it('is empty where there is nothing', async () => {
    expect(await scan()).toEqual([]);
    fill(2);
    expect(await scan(3)).toEqual([]);
  });

  it('continues after the last message that came when a page breaks off', async () => {
    fill(5);
    nats.faults.cutAnswer(2);
    const scanned = scan();
    await clock.pass(2_100);
    expect(await scanned).toEqual([1, 2, 3, 4, 5]);
  });

  it('asks again when a page does not come, or there are no responders', async () => {
    fill(2);
    nats.faults.loseAnswer(1, 'DIRECT.GET');
    nats.faults.leaveUnserved(1, 'DIRECT.GET');
    const scanned = scan();
    await clock.pass(2_100);
    expect(await scanned).toEqual([1, 2]);
  });

  it('does not take another status for the end', async () => {
    fill(2);
    nats.faults.answerWith({ code: 413, description: 'Too Many' }, 1, 'DIRECT.GET');
    expect(await rejection(scan())).toHaveProperty('message', expect.stringContaining('413 Too Many'));
  });

  it('fails when no page comes before the deadline', async () => {
    nats.faults.fallSilent();
    const failed = rejection(collect(reader.scan('log.a', 1, { deadline: new Deadline(3_000) })));
    await clock.pass(4_100);
    expect(await failed).toHaveProperty('message', expect.stringContaining('no answer came within 3000 ms'));
  });
});
