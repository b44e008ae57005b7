import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { uniqueStoreName } from '../support/server-url.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';
import { RawNats } from '../support/raw-nats.js';

type Connection = Pick<NatsConnection, 'publish' | 'subscribe'>;

/** What is sent, and how many messages come back. */
interface Step {
  readonly subject: string;
  readonly body?: string | object;
  readonly header?: Record<string, string>;
  readonly answers?: number;
}

/** Differ from server to server, or say what jetsource does not look at. */
const LEFT_OUT = /^(Nats-Time-Stamp|Nats-Last-|Nats-Pending-|Nats-Subject$)/;
const COMPARED = [
  'error',
  'stream',
  'seq',
  'duplicate',
  'batch',
  'count',
  'success',
  'streams',
  'num_pending',
  'name',
];

let raw: RawNats;
let fake: InMemoryNats;
let stream: string;

beforeEach(async () => {
  raw = await RawNats.open();
  fake = new InMemoryNats();
  stream = uniqueStoreName();
});

afterEach(async () => {
  await raw.api(`STREAM.DELETE.${stream}`);
  await raw.nc.close();
  await fake.connection.close();
});

/** Sends one after the other, each once the answers to the one before have come. */
async function converse(nc: Connection, steps: readonly Step[]): Promise<object[][]> {
  const said: object[][] = [];
  for (const [index, step] of steps.entries()) said.push(await ask(nc, `_INBOX.${stream}.${index}`, step));
  return said;
}

async function ask(
  nc: Connection,
  inbox: string,
  { subject, body = '', header = {}, answers = 1 }: Step,
): Promise<object[]> {
  const natsHeaders = headers();
  for (const [name, value] of Object.entries(header)) natsHeaders.set(name, value);
  const said: object[] = [];
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  await new Promise<void>((resolve) => {
    const callback = (_: Error | null, msg: Msg): void => {
      said.push(essenceOf(msg));
      if (said.length === answers) resolve();
    };
    nc.subscribe(inbox, { callback });
    nc.publish(subject, payload, { ...(answers > 0 && { reply: inbox }), headers: natsHeaders });
    if (answers === 0) resolve();
  });
  return said;
}

function essenceOf(msg: Msg): object {
  const { code = 0, description = '' } = msg.headers ?? {};
  if (code === 503) return { code };
  const kept = [...(msg.headers ?? [])].filter(([name]) => !LEFT_OUT.test(name));
  const isJson = msg.string().startsWith('{');
  const content = isJson ? essenceOfJson(msg.json<Record<string, unknown>>()) : msg.string();
  const reply =
    msg.reply
      ?.split('.')
      .filter((_, index) => index !== 7)
      .join('.') ?? '';
  return { code, description, headers: Object.fromEntries(kept), content, reply };
}

function essenceOfJson({ message, ...answer }: Record<string, unknown>): object {
  const { time: _, ...got } = (message ?? {}) as Record<string, unknown>;
  return {
    ...got,
    ...Object.fromEntries(Object.entries(answer).filter(([name]) => COMPARED.includes(name))),
  };
}

async function both(steps: readonly Step[]): Promise<{ inMemory: object[][]; server: object[][] }> {
  return { inMemory: await converse(fake.client, steps), server: await converse(raw.nc, steps) };
}

function create(): Step {
  const body = {
    name: stream,
    subjects: [`${stream}.>`],
    storage: 'memory',
    allow_direct: true,
    allow_atomic: true,
  };
  return { subject: `$JS.API.STREAM.CREATE.${stream}`, body };
}

const at = (token: string): string => `${stream}.${token}`;
const call = (name: string, body: string | object = '', answers = 1): Step => ({
  subject: `$JS.API.${name}`,
  body,
  answers,
});
const publish = (token: string, header: Record<string, string> = {}): Step => ({
  subject: at(token),
  body: token,
  header,
});
const SUBJECT_GUARD = 'Nats-Expected-Last-Subject-Sequence';

describe('NATS in memory answers as a nats-server does', () => {
  it('publishes with guards and message ids', async () => {
    const { inMemory, server } = await both([
      create(),
      publish('a', { 'Nats-Msg-Id': 'x' }),
      publish('a', { 'Nats-Msg-Id': 'x' }),
      publish('a', { 'Nats-Msg-Id': 'x', [SUBJECT_GUARD]: '0' }),
      publish('a', { [SUBJECT_GUARD]: '1' }),
      publish('b', { [SUBJECT_GUARD]: '7', [`${SUBJECT_GUARD}-Subject`]: at('*') }),
      publish('b', { [SUBJECT_GUARD]: '2', [`${SUBJECT_GUARD}-Subject`]: at('*') }),
      publish('a', { 'Nats-Expected-Last-Sequence': '9' }),
      publish('a', { 'Nats-Expected-Last-Msg-Id': 'y' }),
      publish('a', { 'Nats-Expected-Stream': 'other' }),
      { subject: `other-${stream}` },
    ]);
    expect(inMemory).toEqual(server);
  });

  it('atomic batches', async () => {
    const part = (token: string, id: string, n: number, header: Record<string, string> = {}): Step => ({
      ...publish(token, { 'Nats-Batch-Id': id, 'Nats-Batch-Sequence': String(n), ...header }),
      answers: 'Nats-Batch-Commit' in header ? 1 : 0,
    });
    const commit = { 'Nats-Batch-Commit': '1' };
    const { inMemory, server } = await both([
      create(),
      part('a', 'one', 1, { [SUBJECT_GUARD]: '0', 'Nats-Msg-Id': 'x' }),
      part('b', 'one', 2, commit),
      part('c', 'two', 1, { [SUBJECT_GUARD]: '0' }),
      part('a', 'two', 2, { ...commit, [SUBJECT_GUARD]: '0' }),
      part('c', 'three', 1, { 'Nats-Msg-Id': 'x' }),
      part('c', 'three', 2, commit),
      part('c', 'four', 2, commit),
      call(`STREAM.MSG.GET.${stream}`, { seq: 1 }),
      call(`STREAM.MSG.GET.${stream}`, { seq: 3 }),
    ]);
    expect(inMemory).toEqual(server);
  });

  it('gets, direct and at the leader, and deletes', async () => {
    const leader = `STREAM.MSG.GET.${stream}`;
    const direct = `DIRECT.GET.${stream}`;
    const { inMemory, server } = await both([
      create(),
      publish('a', { 'Nats-Msg-Id': 'x' }),
      ...['b', 'a', 'b', 'a'].map((token) => publish(token)),
      ...[{ seq: 1 }, { seq: 9 }, { last_by_subj: at('a') }, { seq: 2, next_by_subj: at('b') }].map((body) =>
        call(leader, body),
      ),
      ...[{ seq: 1 }, { seq: 2, no_hdr: true }, { seq: 9 }, { seq: 9, no_hdr: true }].map((body) =>
        call(direct, body),
      ),
      call(`${direct}.${at('a')}`),
      call(`${direct}.${at('z')}`),
      call(direct, { seq: 1, next_by_subj: at('a'), batch: 2 }, 3),
      call(direct, { seq: 2, next_by_subj: at('a'), batch: 9 }, 3),
      call(direct, { seq: 6, next_by_subj: at('a'), batch: 9 }),
      call(`STREAM.MSG.DELETE.${stream}`, { seq: 2 }),
      call(`STREAM.MSG.DELETE.${stream}`, { seq: 2 }),
      call(direct, { seq: 2 }),
      call('STREAM.NAMES', { subject: at('a') }),
      call('STREAM.NAMES', { subject: `other-${stream}` }),
      call(`STREAM.INFO.other-${stream}`),
    ]);
    expect(inMemory).toEqual(server);
  });

  it('pulls, acknowledgements and the end of a consumer', async () => {
    const next = `CONSUMER.MSG.NEXT.${stream}.c`;
    const config = {
      name: 'c',
      durable_name: 'c',
      ack_policy: 'explicit',
      deliver_policy: 'all',
      ack_wait: 30e9,
    };
    const making = (action: string, name = 'c'): Step =>
      call(`CONSUMER.CREATE.${stream}.${name}`, {
        stream_name: stream,
        config: { ...config, name, durable_name: name },
        action,
      });
    const reply = (count: number, sequence: number, delivery: number): string =>
      `$JS.ACK.${stream}.c.${count}.${sequence}.${delivery}.0.0`;
    const { inMemory, server } = await both([
      create(),
      ...['a', 'b', 'c'].map((token) => publish(token)),
      call(`CONSUMER.INFO.${stream}.c`),
      making('update'),
      making('create'),
      call(`CONSUMER.INFO.${stream}.c`),
      call(next, { batch: 2, expires: 5e9 }, 2),
      { subject: reply(1, 1, 1), body: '-NAK', answers: 1 },
      { subject: reply(1, 2, 2), body: '+ACK', answers: 1 },
      call(next, { batch: 2, expires: 5e9, max_bytes: 1_000_000 }, 3),
      call(next, { batch: 1, expires: 1e9, idle_heartbeat: 3e8 }, 4),
      call(`CONSUMER.MSG.NEXT.${stream}.d`, { batch: 1, expires: 1e9 }),
      call(`CONSUMER.DELETE.${stream}.c`),
      call(`CONSUMER.DELETE.${stream}.c`),
    ]);
    expect(inMemory).toEqual(server);
  });

  it('a start after the end of the log', async () => {
    const config = { name: 'e', ack_policy: 'none', deliver_policy: 'by_start_sequence', opt_start_seq: 50 };
    const { inMemory, server } = await both([
      create(),
      publish('a'),
      call(`CONSUMER.CREATE.${stream}.e`, { stream_name: stream, config, action: 'create' }),
      publish('b'),
      call(`CONSUMER.MSG.NEXT.${stream}.e`, { batch: 1, expires: 100e6 }),
    ]);
    expect(inMemory).toEqual(server);
  });
});
