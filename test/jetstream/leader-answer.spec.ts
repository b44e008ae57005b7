import { Deadline } from '../../src/kernel/deadline.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';
import { TestClock } from '../support/in-memory-nats/test-clock.js';
import { rejection } from '../support/collect.js';

let nats: InMemoryNats;
let clock: TestClock;

beforeEach(() => {
  clock = new TestClock();
  nats = new InMemoryNats();
  nats.jetStream.createStream({ name: 'LOG', subjects: ['log.>'] });
});

afterEach(async () => {
  await nats.connection.close();
  clock.restore();
});

const deadline = (ms = 60_000): Deadline => new Deadline(ms);
const gets = (): number => nats.published('$JS.API.STREAM.MSG.GET.LOG').length;

describe('an answer of the leader', () => {
  it('that comes after silence is thrown away, and asked for again', async () => {
    nats.faults.loseRequest(2, 'STREAM.MSG.GET');
    const answer = nats.connection.api.message('LOG', { last_by_subj: 'log.a' }, deadline());
    await clock.until('it was sent again twice', () => gets() === 3);
    await clock.until('it was asked for once more', () => gets() === 4);
    expect(await answer).toMatchObject({ ok: false, fault: { err_code: 10037 } });
    expect(gets()).toBe(4);
  });

  it('that took longer than 2 s of a busy process is asked for again', async () => {
    nats.faults.holdAnswer(1, 'STREAM.MSG.GET');
    const answer = nats.connection.api.message('LOG', { last_by_subj: 'log.a' }, deadline());
    await clock.settle();
    clock.jump(2_500);
    nats.faults.release();
    await answer;
    expect(gets()).toBe(2);
  });

  it('is asked for once where it comes at once, and after silence where any server may give it', async () => {
    await nats.connection.api.message('LOG', { last_by_subj: 'log.a' }, deadline());
    expect(gets()).toBe(1);
    nats.faults.loseRequest(1, 'STREAM.NAMES');
    await Promise.all([nats.connection.api.streamNames('log.a', deadline()), clock.pass(700)]);
    expect(nats.published('$JS.API.STREAM.NAMES').length).toBeLessThanOrEqual(3);
  });
});

describe('a request', () => {
  it('that the server refuses until the deadline gives its last word, also when silence follows', async () => {
    const fault = { code: 503, err_code: 10008, description: 'JetStream system temporarily unavailable' };
    nats.faults.answerWith(fault, 2, 'STREAM.INFO');
    nats.faults.loseRequest(99, 'STREAM.INFO');
    const answer = nats.connection.api.streamInfo('LOG', deadline(1_500));
    await clock.pass(1_700);
    expect(await answer).toEqual({ ok: false, fault });
  });

  it('to an account without JetStream is refused at once', async () => {
    const fault = { code: 503, err_code: 10039, description: 'JetStream not enabled for account' };
    nats.faults.refuse(fault, 'STREAM.INFO');
    expect(await nats.connection.api.streamInfo('LOG', deadline())).toEqual({ ok: false, fault });
    expect(nats.published('$JS.API.STREAM.INFO.LOG')).toHaveLength(1);
  });

  it('waits no longer for a new server than for the first one, however long the last one was silent', async () => {
    nats.faults.loseRequest(99, 'STREAM.INFO');
    const answer = nats.connection.api.streamInfo('LOG', deadline());
    const asked = (): number => nats.published('$JS.API.STREAM.INFO.LOG').length;
    await clock.until('it was silent for long', () => asked() === 5);
    nats.faults.disconnect();
    nats.faults.reconnect();
    // the request that the last server was given has its time first
    await clock.until('the new server is asked', () => asked() === 6);
    await clock.pass(700);
    expect(asked()).toBe(7);
    await nats.connection.close();
    await rejection(answer);
  });

  it('ends when the connection is closed', async () => {
    nats.faults.fallSilent();
    const ended = rejection(nats.connection.api.streamInfo('LOG', deadline()));
    await clock.settle();
    await nats.connection.close();
    expect(await ended).toMatchObject({ code: 'connection-closed' });
  });
});
