import { Deadline } from '../../src/kernel/deadline.js';
import type { ApiFault } from '../../src/jetstream/api/api-fault.js';
import type { OutgoingMessage } from '../../src/log/message-log.js';
import { Publisher } from '../../src/jetstream/publish/publisher.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';
import type { InMemoryStream } from '../support/in-memory-nats/in-memory-stream.js';
import { TestClock } from '../support/in-memory-nats/test-clock.js';
import { toBytes } from '../support/in-memory-nats/envelope.js';
import { rejection } from '../support/collect.js';

const BATCH_FULL = { code: 429, err_code: 10210, description: 'atomic publish too many inflight' };
const TRANSIENT: [string, ApiFault][] = [
  ['the same message id is in process', { code: 400, err_code: 10158 }],
  ['another write to the subject is in flight', { code: 400, err_code: 10164 }],
  ['the batch is incomplete', { code: 400, err_code: 10176 }],
  ['too many batches are in flight', BATCH_FULL],
  ['JetStream is not available for now', { code: 503, err_code: 10008 }],
  ['its disk is in trouble', { code: 503, err_code: 10077, description: 'write failed' }],
];

let nats: InMemoryNats;
let stream: InMemoryStream;
let clock: TestClock;
let publisher: Publisher;

beforeEach(() => {
  clock = new TestClock();
  nats = new InMemoryNats();
  stream = nats.jetStream.createStream({ name: 'LOG', subjects: ['log.>'] });
  publisher = new Publisher(nats.connection);
});

afterEach(async () => {
  await nats.connection.close();
  clock.restore();
});

function message(headers: Record<string, string> = {}, subject = 'log.a'): OutgoingMessage {
  return { subject, payload: toBytes('body'), headers };
}

const FIRST = { 'Nats-Expected-Last-Subject-Sequence': '0' };
const deadline = (): Deadline => new Deadline(10_000);

/** What was sent, without the address for the answer. */
function sends(): object[] {
  return nats
    .published('log.>')
    .map(({ subject, data, headers }) => ({ subject, data, headers: [...(headers ?? [])] }));
}

describe('a publish', () => {
  it('is stored, and returns its sequence', async () => {
    stream.add('log.b');
    const answer = await publisher.publish(message(FIRST), deadline());
    expect(answer).toEqual({ kind: 'stored', sequence: 2, ack: { stream: 'LOG', seq: 2 } });
    expect(sends()).toHaveLength(1);
  });

  it('whose guard does not hold is a conflict, which is not sent again', async () => {
    stream.add('log.a');
    const answer = await publisher.publish(message(FIRST), deadline());
    expect(answer).toMatchObject({ kind: 'conflict', resent: false, fault: { err_code: 10071 } });
    expect(sends()).toHaveLength(1);
  });

  it('is a duplicate, and not stored, when its message id is known', async () => {
    stream.add('log.a', '', { id: 'x' });
    stream.add('log.b');
    const answer = await publisher.publish(message({ 'Nats-Msg-Id': 'x' }), deadline());
    expect(answer).toMatchObject({ kind: 'duplicate', sequence: 1 });
    expect(stream.log.size).toBe(2);
  });

  it('that is refused for good is sent once', async () => {
    const fault = { code: 400, err_code: 10054, description: 'message size exceeds maximum allowed' };
    nats.faults.answerWith(fault);
    expect(await publisher.publish(message(), deadline())).toEqual({ kind: 'refused', fault, resent: false });
    expect(stream.log.size).toBe(0);
  });

  it('into a full stream is refused, although the status looks transient', async () => {
    nats.faults.answerWith({ code: 503, err_code: 10077, description: 'maximum messages exceeded' });
    expect(await publisher.publish(message(), deadline())).toMatchObject({ kind: 'refused' });
  });

  it.each(TRANSIENT)('is sent again as long as %s', async (_, fault) => {
    nats.faults.answerWith(fault, 2);
    expect(await publisher.publish(message(FIRST), deadline())).toMatchObject({
      kind: 'stored',
      sequence: 1,
    });
    expect(sends()).toHaveLength(3);
  });

  it('pauses longer and longer between tries, and reports the last answer at the deadline', async () => {
    nats.faults.refuse(BATCH_FULL);
    const answer = await publisher.publish(message(), new Deadline(150));
    expect(answer).toEqual({ kind: 'refused', fault: BATCH_FULL, resent: false });
    expect(sends().length).toBeGreaterThan(2);
    expect(sends().length).toBeLessThan(8);
  });

  it.each([
    ['storage is full', { code: 503, err_code: 10023, description: 'insufficient resources' }],
    ['disk fails', { code: 503, err_code: 10077, description: 'no space left on device' }],
  ])('of which every try is refused since the %s was not stored', async (_, fault) => {
    nats.faults.refuse(fault);
    const answer = await publisher.publish(message(), new Deadline(150));
    expect(answer).toEqual({ kind: 'refused', fault, resent: false });
  });

  it('may have been stored when a try was not answered, although the others were refused', async () => {
    nats.faults.loseAnswer();
    nats.faults.refuse({ code: 503, err_code: 10023, description: 'insufficient resources' });
    const answer = publisher.publish(message(), new Deadline(600));
    await clock.pass(700);
    expect(await answer).toMatchObject({ kind: 'unanswered', sure: false });
    expect(await answer).toHaveProperty('cause.message', expect.stringContaining('insufficient resources'));
  });

  it('may have been stored when the disk of a leader fails that has followers', async () => {
    Object.assign(nats.client.info, { cluster: 'three' });
    nats.faults.refuse({ code: 503, err_code: 10077, description: 'no space left on device' });
    const answer = await publisher.publish(message(), new Deadline(150));
    expect(answer).toMatchObject({ kind: 'unanswered', sure: false });
  });

  it('whose caller has given up meanwhile leaves the reason to the caller', async () => {
    nats.faults.refuse(BATCH_FULL);
    const caller = new AbortController();
    const answer = publisher.publish(message(), new Deadline(10_000, caller.signal));
    await clock.settle();
    caller.abort();
    expect(await answer).toMatchObject({ kind: 'unanswered', sure: true });
  });
});

describe('a publish whose answer does not come', () => {
  it('is sent again byte for byte, and reported as a duplicate by its message id', async () => {
    nats.faults.loseAnswer();
    const answer = publisher.publish(message({ 'Nats-Msg-Id': 'x' }), deadline());
    await clock.pass(100);
    expect(sends()).toHaveLength(1);
    await clock.pass(200);
    expect(await answer).toMatchObject({ kind: 'duplicate', sequence: 1 });
    const [first, second] = sends();
    expect(second).toEqual(first);
    expect(stream.log.size).toBe(1);
  });

  it('may be its own conflict, and reports that it was sent more than once', async () => {
    nats.faults.loseAnswer();
    const answer = publisher.publish(message(FIRST), deadline());
    await clock.pass(300);
    expect(await answer).toMatchObject({ kind: 'conflict', resent: true });
  });

  it('reports so for a refusal as well', async () => {
    nats.faults.loseRequest();
    nats.faults.answerWith({ code: 400, err_code: 10054 });
    const answer = publisher.publish(message(), deadline());
    await clock.pass(300);
    expect(await answer).toMatchObject({ kind: 'refused', resent: true });
  });

  it('takes the late answer to an early send', async () => {
    nats.faults.holdAnswer();
    nats.faults.loseRequest(9);
    const answer = publisher.publish(message(FIRST), deadline());
    await clock.pass(300);
    expect(sends()).toHaveLength(2);
    nats.faults.release();
    expect(await answer).toMatchObject({ kind: 'stored', sequence: 1 });
  });

  it('waits longer for the next answers after one was slow', async () => {
    nats.faults.holdAnswer();
    const slow = publisher.publish(message(), deadline());
    await clock.pass(200);
    nats.faults.release();
    await slow;
    nats.faults.loseRequest();
    const next = publisher.publish(message(), deadline());
    await clock.pass(300);
    expect(sends()).toHaveLength(2);
    await clock.pass(200);
    expect(sends()).toHaveLength(3);
    expect(await next).toMatchObject({ kind: 'stored' });
  });

  it('is unanswered at its deadline, and may have been stored', async () => {
    nats.faults.loseAnswer(99);
    const answer = publisher.publish(message(), new Deadline(1_000));
    await clock.pass(1_100);
    expect(await answer).toEqual({ kind: 'unanswered', sure: false });
  });

  it('ends when the caller gives up', async () => {
    nats.faults.fallSilent();
    const caller = new AbortController();
    const answer = publisher.publish(message(), new Deadline(10_000, caller.signal));
    await clock.settle();
    caller.abort();
    expect(await answer).toEqual({ kind: 'unanswered', sure: false });
  });

  it('is not one of more than 64 that are sent again at a time', async () => {
    nats.faults.fallSilent();
    const callers = Array.from({ length: 100 }, () => new AbortController());
    const answers = callers.map(async ({ signal }) =>
      publisher.publish(message(), new Deadline(10_000, signal)),
    );
    await clock.settle();
    expect(sends()).toHaveLength(100);
    await clock.pass(320);
    expect(sends()).toHaveLength(164);
    for (const caller of callers) caller.abort();
    await Promise.all(answers);
  });

  it('ignores the reply of another subscriber to the subject', async () => {
    nats.client.subscribe('log.>', { callback: (_, msg) => void msg.respond('{"ok":true}') });
    nats.client.subscribe('log.>', { callback: (_, msg) => void msg.respond('no json') });
    nats.faults.holdAnswer();
    const answer = publisher.publish(message(FIRST), deadline());
    await clock.settle();
    nats.faults.release();
    expect(await answer).toMatchObject({ kind: 'stored', sequence: 1 });
  });
});

describe('a publish that waits for a place', () => {
  it('ends at its own deadline, and has surely not been sent', async () => {
    nats.faults.fallSilent();
    const leave = new AbortController();
    const slow = Array.from({ length: 16 }, async (_, n) =>
      publisher.publishBatch([message({}, `log.${n}`)], new Deadline(60_000, leave.signal)),
    );
    const begun = performance.now();
    const hasty = await publisher.publishBatch([message({}, 'log.x')], new Deadline(100));
    expect(hasty).toEqual({ kind: 'unanswered', sure: true });
    expect(performance.now() - begun).toBeLessThan(1_000);
    const caller = new AbortController();
    const givenUp = publisher.publishBatch([message({}, 'log.y')], new Deadline(60_000, caller.signal));
    caller.abort();
    expect(await givenUp).toEqual({ kind: 'unanswered', sure: true });
    expect(nats.published('log.>').some(({ subject }) => /[xy]$/.test(subject))).toBe(false);
    leave.abort();
    await Promise.all(slow);
  });

  it('gets one that was given back, not one that nobody took', async () => {
    nats.faults.holdAnswer(16);
    const first = Array.from({ length: 16 }, async (_, n) =>
      publisher.publishBatch([message({}, `log.${n}`)], deadline()),
    );
    await publisher.publishBatch([message({}, 'log.x')], new Deadline(20));
    const next = publisher.publishBatch([message({}, 'log.y')], deadline());
    await clock.settle();
    nats.faults.release();
    expect(await next).toMatchObject({ kind: 'stored' });
    await Promise.all(first);
  });
});

describe('a publish on a connection that is renewed', () => {
  it('is sent again at once, however long it waited for answers before', async () => {
    nats.faults.holdAnswer();
    const slow = publisher.publish(message(), deadline());
    await clock.pass(2_000);
    nats.faults.release();
    await slow;
    nats.faults.loseRequest();
    const next = publisher.publish(message({}, 'log.b'), deadline());
    await clock.settle();
    nats.faults.disconnect();
    await clock.settle();
    nats.faults.reconnect();
    expect(await next).toMatchObject({ kind: 'stored' });
  });
});

describe('a publish that nobody serves', () => {
  it('is sent again until somebody does', async () => {
    nats.faults.leaveUnserved(2);
    expect(await publisher.publish(message(FIRST), deadline())).toMatchObject({ kind: 'stored' });
    expect(sends()).toHaveLength(3);
  });

  it('was surely not stored when every send was answered so', async () => {
    nats.faults.leaveUnserved(99);
    expect(await publisher.publish(message(), new Deadline(60))).toEqual({ kind: 'unanswered', sure: true });
  });

  it('is sent once when the caller has no patience', async () => {
    nats.faults.leaveUnserved(99);
    const answer = await publisher.publish(message(), deadline(), { untilServed: false });
    expect(answer).toEqual({ kind: 'unanswered', sure: true });
    expect(sends()).toHaveLength(1);
  });

  it('may have been stored when one of its sends was not answered', async () => {
    nats.faults.loseAnswer();
    nats.faults.leaveUnserved(99);
    const answer = publisher.publish(message(), new Deadline(500));
    await clock.pass(600);
    expect(await answer).toEqual({ kind: 'unanswered', sure: false });
  });
});

describe('a publish without a connection', () => {
  it('is sent when a server is there again, once', async () => {
    nats.faults.disconnect();
    await clock.settle();
    const answer = publisher.publish(message(FIRST), deadline());
    await clock.pass(1_000);
    expect(sends()).toHaveLength(0);
    nats.faults.reconnect();
    expect(await answer).toMatchObject({ kind: 'stored', sequence: 1 });
    expect(sends()).toHaveLength(1);
  });

  it('fails when the connection was closed before it was sent', async () => {
    await nats.connection.close();
    expect(await rejection(publisher.publish(message(), deadline()))).toMatchObject({
      code: 'connection-closed',
    });
  });

  it('may have been stored when the connection was closed after it was sent', async () => {
    nats.faults.loseAnswer();
    const answer = publisher.publish(message(), deadline());
    await clock.settle();
    await nats.connection.close();
    await clock.pass(300);
    expect(await answer).toEqual({ kind: 'unanswered', sure: false });
  });
});

describe('a batch', () => {
  const batch = (id: string): OutgoingMessage[] => [
    message({ ...FIRST, 'Nats-Msg-Id': `${id}.1` }),
    message({ 'Nats-Msg-Id': `${id}.2` }),
    message({ ...FIRST, 'Nats-Msg-Id': `${id}.3` }, 'log.b'),
  ];

  it('is stored as a whole, and returns the sequence of its end', async () => {
    expect(await publisher.publishBatch(batch('x'), deadline())).toMatchObject({
      kind: 'stored',
      sequence: 3,
    });
    const stored = stream.log.in({ from: 1, filters: [] });
    expect(stored.map(({ subject }) => subject)).toEqual(['log.a', 'log.a', 'log.b']);
    expect(stored.map(({ headers }) => headers['Nats-Batch-Sequence'])).toEqual([['1'], ['2'], ['3']]);
  });

  it('of which one guard does not hold is not stored at all', async () => {
    stream.add('log.b');
    const answer = await publisher.publishBatch(batch('x'), deadline());
    expect(answer).toMatchObject({ kind: 'conflict', resent: false });
    expect(stream.log.size).toBe(1);
  });

  it.each(TRANSIENT)('is sent again under another id as long as %s', async (_, fault) => {
    nats.faults.answerWith(fault);
    expect(await publisher.publishBatch(batch('x'), deadline())).toMatchObject({
      kind: 'stored',
      sequence: 3,
    });
    const ids = nats.published('log.>').map(({ headers }) => headers?.get('Nats-Batch-Id'));
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(new Set(ids.slice(3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
  });

  it('whose answer is lost is a duplicate of which the place is not known', async () => {
    nats.faults.loseAnswer();
    const answer = publisher.publishBatch(batch('x'), deadline());
    await clock.pass(300);
    expect(await answer).toEqual({ kind: 'duplicate', sequence: 0 });
    expect(stream.log.size).toBe(3);
  });

  it('gets the answer to itself, not that to another that is under way', async () => {
    nats.faults.holdAnswer();
    const held = publisher.publishBatch(batch('x'), deadline());
    await clock.settle();
    const other = await publisher.publishBatch([message({ 'Nats-Msg-Id': 'y' }, 'log.c')], deadline());
    expect(other).toMatchObject({ kind: 'stored', sequence: 4 });
    nats.faults.release();
    expect(await held).toMatchObject({ kind: 'stored', sequence: 3 });
  });

  it('is one of 16 that are under way at a time', async () => {
    nats.faults.holdAnswer(20);
    const one = (n: number): OutgoingMessage[] => [message({}, `log.${n}`)];
    const answers = Array.from({ length: 20 }, async (_, n) => publisher.publishBatch(one(n), deadline()));
    await clock.settle();
    expect(sends()).toHaveLength(16);
    nats.faults.release();
    await clock.until('the others are sent', () => sends().length === 20);
    nats.faults.release();
    expect(new Set((await Promise.all(answers)).map(({ kind }) => kind))).toEqual(new Set(['stored']));
  });
});
