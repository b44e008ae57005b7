import type { Msg } from '@nats-io/transport-node';
import { type ApiChannel, JetStreamApi, type ServerRequest } from '../../src/jetstream/api/jetstream-api.js';
import { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import { expectValue, findValue } from '../../src/jetstream/connection/expect-value.js';
import { Deadline } from '../../src/kernel/deadline.js';

interface Sent {
  readonly subject: string;
  readonly body: unknown;
  readonly reply?: string | undefined;
}

/** Notes what is sent, and answers with what it was given, the last of it again and again. */
class ScriptedChannel implements ApiChannel {
  readonly sent: Sent[] = [];
  readonly #answers: unknown[];

  constructor(...answers: unknown[]) {
    this.#answers = answers;
  }

  async request({ subject, payload }: ServerRequest): Promise<Msg> {
    this.send(subject, payload);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    return { json: () => answer } as Msg;
  }

  send(subject: string, payload: Uint8Array, reply?: string): void {
    const text = Buffer.from(payload).toString();
    this.sent.push({
      subject,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      ...(reply !== undefined && { reply }),
    });
  }
}

const deadline = new Deadline(60_000);
const ref = { stream: 'shop', consumer: 'c' };

/** What a call sends, and what it gives for an answer. */
async function call<T>(
  run: (api: JetStreamApi) => Promise<T>,
  ...answers: unknown[]
): Promise<{ result: T; sent: readonly Sent[] }> {
  const channel = new ScriptedChannel(...answers);
  const result = await run(new JetStreamApi(channel, '$JS.hub.API'));
  return { result, sent: channel.sent };
}

describe('a call of the JetStream API', () => {
  it.each<[string, (api: JetStreamApi) => Promise<unknown>, string, unknown]>([
    ['stream info', async (api) => api.streamInfo('shop', deadline), 'STREAM.INFO.shop', undefined],
    [
      'subjects of a stream',
      async (api) => api.streamSubjects('shop', { filter: 'shop.>', offset: 3 }, deadline),
      'STREAM.INFO.shop',
      { subjects_filter: 'shop.>', offset: 3 },
    ],
    [
      'names of streams',
      async (api) => api.streamNames('shop.a', deadline),
      'STREAM.NAMES',
      { subject: 'shop.a' },
    ],
    [
      'create stream',
      async (api) => api.createStream({ name: 'shop', subjects: ['a'] }, deadline),
      'STREAM.CREATE.shop',
      { name: 'shop', subjects: ['a'] },
    ],
    [
      'update stream',
      async (api) => api.updateStream({ name: 'shop' }, deadline),
      'STREAM.UPDATE.shop',
      { name: 'shop' },
    ],
    [
      'delete message',
      async (api) => api.deleteMessage('shop', 7, deadline),
      'STREAM.MSG.DELETE.shop',
      { seq: 7 },
    ],
    ['consumer info', async (api) => api.consumerInfo(ref, deadline), 'CONSUMER.INFO.shop.c', undefined],
    [
      'create consumer with one filter, which permissions can restrict',
      async (api) =>
        api.putConsumer('shop', { config: { name: 'c', filter_subject: 'a.*' }, action: 'create' }, deadline),
      'CONSUMER.CREATE.shop.c.a.*',
      { stream_name: 'shop', config: { name: 'c', filter_subject: 'a.*' }, action: 'create' },
    ],
    [
      'update consumer without a filter',
      async (api) => api.putConsumer('shop', { config: { name: 'c' }, action: 'update' }, deadline),
      'CONSUMER.CREATE.shop.c',
      { stream_name: 'shop', config: { name: 'c' }, action: 'update' },
    ],
  ])('%s goes to its subject below the prefix', async (_, run, subject, body) => {
    const { sent } = await call(run, { state: {} });
    expect(sent).toEqual([{ subject: `$JS.hub.API.${subject}`, body }]);
  });

  it('gives a value, or the fault that the server answered with', async () => {
    const value = await call(async (api) => api.streamInfo('shop', deadline), { config: { name: 'shop' } });
    expect(value.result).toEqual({ ok: true, value: { config: { name: 'shop' } } });
    const fault = { code: 404, err_code: 10059, description: 'stream not found' };
    const refused = await call(async (api) => api.streamInfo('shop', deadline), { error: fault });
    expect(refused.result).toEqual({ ok: false, fault });
  });

  it('is sent again while its fault is a passing one', async () => {
    const { result, sent } = await call(
      async (api) => api.streamInfo('shop', deadline),
      { error: { code: 503, err_code: 10008 } },
      { error: { code: 500, err_code: 10164 } },
      { config: {} },
    );
    expect(result.ok).toBe(true);
    expect(sent).toHaveLength(3);
  });

  it('gives up on a passing fault when the deadline has passed', async () => {
    const fault = { code: 503, err_code: 10008 };
    const { result, sent } = await call(async (api) => api.streamInfo('shop', new Deadline(0)), {
      error: fault,
    });
    expect(result).toEqual({ ok: false, fault });
    expect(sent).toHaveLength(1);
  });

  it('without subjects or streams gives an empty list', async () => {
    const subjects = await call(async (api) => api.streamSubjects('shop', { filter: '>' }, deadline), {
      state: {},
    });
    expect(subjects.result).toEqual({ ok: true, value: { subjects: [], counts: {}, total: undefined } });
    const names = await call(async (api) => api.streamNames('a', deadline), { streams: null });
    expect(names.result).toEqual({ ok: true, value: [] });
  });

  it('without an answer is sent once: a pull, and the deletion of a consumer', () => {
    const channel = new ScriptedChannel();
    const api = new JetStreamApi(channel, '$JS.API');
    const pull = { batch: 1, max_bytes: 2, expires: 3, idle_heartbeat: 4 };
    api.pull(ref, pull, 'inbox');
    api.dropConsumer(ref);
    expect(channel.sent).toEqual([
      { subject: '$JS.API.CONSUMER.MSG.NEXT.shop.c', body: pull, reply: 'inbox' },
      { subject: '$JS.API.CONSUMER.DELETE.shop.c', body: undefined },
    ]);
  });
});

describe('a message of the API', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const stored = { subject: 'shop.a', seq: 7, time: '2026-01-02T03:04:05.678912345Z' };

  it('has its body, time and headers decoded', async () => {
    const hdrs = base64('NATS/1.0\r\nNats-Msg-Id: mine\r\nother: Nats-Msg-Id: a: b\r\nother:  c \r\n\r\n');
    const answer = { message: { ...stored, hdrs, data: base64('{}') } };
    const { result, sent } = await call(async (api) => api.message('shop', { seq: 7 }, deadline), answer);
    const message = expectValue(result, 'reading');
    expect(sent).toEqual([{ subject: '$JS.hub.API.STREAM.MSG.GET.shop', body: { seq: 7 } }]);
    expect(message).toMatchObject({
      subject: 'shop.a',
      sequence: 7,
      time: Date.parse('2026-01-02T03:04:05.678Z'),
    });
    expect(Buffer.from(message.data).toString()).toBe('{}');
    expect(message.headers.get('Nats-Msg-Id')).toBe('mine');
    expect(message.headers.values('other')).toEqual(['Nats-Msg-Id: a: b', 'c']);
  });

  it('may have neither body nor headers', async () => {
    const { result } = await call(async (api) => api.message('shop', { last_by_subj: 'shop.a' }, deadline), {
      message: stored,
    });
    const message = expectValue(result, 'reading');
    expect(message.data).toHaveLength(0);
    expect(message.headers.keys()).toEqual([]);
  });
});

describe('a fault that is not expected', () => {
  const fault = { code: 404, err_code: 10037, description: 'no message found' };
  const result = { ok: false, fault } as const;

  it('is an error that names what failed, and why', () => {
    expect(() => expectValue(result, 'reading from stream shop')).toThrow(
      new NatsError('reading from stream shop: no message found (10037)'),
    );
    expect(() => expectValue({ ok: false, fault: { code: 500 } }, 'reading')).toThrow(
      new NatsError('reading: unknown error (500)'),
    );
  });

  it('is distinguished from the one for a missing message', () => {
    expect(findValue(result, 10037, 'reading')).toBeUndefined();
    expect(() => findValue(result, 10059, 'reading')).toThrow(NatsError);
    expect(findValue({ ok: true, value: 1 }, 10037, 'reading')).toBe(1);
  });
});
