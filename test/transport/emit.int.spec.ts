import { NatsRecordBuilder } from '@nestjs/microservices';
import { DiscardPolicy, headers, type PubAck } from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { NatsJetStreamRecord } from '../../src/transport/client/nats-jetstream-record.js';
import { NatsJetStreamRecordBuilder } from '../../src/transport/client/nats-jetstream-record-builder.js';
import type { NatsJetStreamClientProxy } from '../../src/transport/client/nats-jetstream-client-proxy.js';
import { rejection } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { openClient, uniqueStream } from './shared-client.js';

interface StoredMessage {
  message: { subject: string; seq: number; data?: string; hdrs?: string };
}

let raw: RawNats;
let client: NatsJetStreamClientProxy;
let stream: string;

beforeAll(async () => {
  raw = await RawNats.open();
});

afterAll(async () => raw[Symbol.asyncDispose]());

beforeEach(() => {
  const config = uniqueStream();
  stream = config.name;
  client = openClient({ streamConfig: config });
});

afterEach(async () => client.close());

async function emit(name: string, data: unknown, by = client): Promise<PubAck> {
  return lastValueFrom(by.emit<PubAck>(`${stream}.${name}`, data));
}

async function stored(seq: number): Promise<{ subject: string; body: unknown; headers: string }> {
  const { message } = await raw.api<StoredMessage>(`STREAM.MSG.GET.${stream}`, { seq });
  const text = (encoded = ''): string => Buffer.from(encoded, 'base64').toString();
  return { subject: message.subject, body: JSON.parse(text(message.data)), headers: text(message.hdrs) };
}

describe('emit', () => {
  it('creates the stream and returns its acknowledgement; the body is the payload only', async () => {
    expect(await emit('created', { order: 1 })).toMatchObject({ stream, seq: 1 });
    expect(await stored(1)).toMatchObject({ subject: `${stream}.created`, body: { order: 1 } });
  });

  it('stores one event of a message id, and acknowledges the second one as a duplicate', async () => {
    const record = new NatsJetStreamRecordBuilder({ order: 1 }).setMsgId('order-1').build();
    const first = await emit('created', record);
    expect(first.duplicate).toBe(false);
    expect(await emit('created', record)).toMatchObject({ seq: 1, duplicate: true });
    expect(await raw.messageCount(stream)).toBe(1);
  });

  it('gives every emit a random message id, and a CloudEvent always the same', async () => {
    await emit('created', { order: 1 });
    expect(await emit('created', { order: 1 })).toMatchObject({ seq: 2 });
    const cloudEvent = { specversion: '1.0', type: 'placed', source: '/shop ä', id: '7' };
    expect(await emit('placed', cloudEvent)).toMatchObject({ seq: 3 });
    expect(await emit('placed', cloudEvent)).toMatchObject({ seq: 3, duplicate: true });
  });

  it('takes message ids from the option messageId', async () => {
    const own = openClient({
      messageId: (pattern, payload) => `${pattern}/${(payload as { id: number }).id}`,
    });
    await client.connect();
    await emit('created', { id: 7 }, own);
    expect((await stored(1)).headers).toContain(`Nats-Msg-Id: ${stream}.created/7\r\n`);
  });

  it('sends headers of our records and of those of Nest, also several values of one', async () => {
    await emit(
      'a',
      new NatsJetStreamRecordBuilder(1).appendHeader('tag', 'x').appendHeader('tag', 'y').build(),
    );
    expect((await stored(1)).headers).toMatch(/tag: ?x\r\ntag: ?y\r\n/);
    const natsHeaders = headers();
    natsHeaders.set('tenant', 'acme');
    await emit('b', new NatsRecordBuilder(2).setHeaders(natsHeaders).build());
    expect(await stored(2)).toMatchObject({ body: 2, headers: expect.stringMatching(/tenant: ?acme/) });
  });

  it('adds the headers of the client to every event, which those of the event override', async () => {
    const own = openClient({ jetStreamPublishOptions: { headers: { tenant: 'acme', env: 'test' } } });
    await client.connect();
    await emit('a', new NatsJetStreamRecordBuilder(1).appendHeader('tenant', 'other').build(), own);
    const { headers: text } = await stored(1);
    expect(text).toMatch(/tenant: ?other/);
    expect(text).toMatch(/env: ?test/);
  });

  it.each(['Nats-Rollup', 'nats-msg-id', 'Nats-TTL'])(
    'refuses the reserved header %s by name',
    async (name) => {
      const record = new NatsJetStreamRecordBuilder(1).appendHeader(name, 'all').build();
      expect(await rejection(emit('a', record))).toMatchObject({
        code: 'invalid-option',
        option: `headers.${name}`,
      });
    },
  );

  it('sends data that setOnDispatchHook attaches in a header', async () => {
    client.setOnDispatchHook((packet) => {
      packet.metadata = { tenant: 'acme' };
    });
    await emit('a', 1);
    expect((await stored(1)).headers).toMatch(/Nest-Metadata: ?\{"tenant":"acme"\}/);
  });

  it('accepts object patterns', async () => {
    const own = openClient({ streamConfig: uniqueStream({ subjects: [`{"${stream}":"a"}`] }) });
    const ack = await lastValueFrom(own.emit<PubAck>({ [stream]: 'a' }, 1));
    expect(ack.seq).toBe(1);
  });

  it.each(['a b', 'a.*', 'a.>', 'a..b', ''])(
    'refuses the pattern %j, which is no subject',
    async (pattern) => {
      const error = await rejection(lastValueFrom(client.emit(pattern, 1)));
      expect(error).toMatchObject({ code: 'invalid-option', option: 'pattern' });
    },
  );

  it('uses a serializer of Nest’s interface, also an asynchronous one', async () => {
    const own = openClient({
      serializer: { serialize: async ({ data }) => ({ data: JSON.stringify({ wrapped: data }) }) },
    });
    await client.connect();
    await emit('a', 1, own);
    expect((await stored(1)).body).toEqual({ wrapped: 1 });
  });

  it('fails at once when no JetStream stream captures the subject', async () => {
    const begun = performance.now();
    const error = await rejection(lastValueFrom(client.emit(uniqueStoreName(), 1)));
    expect(error).toMatchObject({ code: 'jetstream-not-found' });
    expect(performance.now() - begun).toBeLessThan(4_000);
  });

  it('refuses an event that is too large for the server', async () => {
    const error = await rejection(emit('a', 'x'.repeat(1_100_000)));
    expect(error).toMatchObject({ code: 'payload-too-large' });
  });

  it('fails with the reason when the JetStream stream refuses the event', async () => {
    const small = uniqueStream({ max_msg_size: 1_000 });
    const own = openClient({ streamConfig: small });
    const error = await rejection(lastValueFrom(own.emit(`${small.name}.a`, 'x'.repeat(2_000))));
    expect(error).toMatchObject({ code: 'publish-refused', message: expect.stringContaining('size') });
  });

  it('fails at once when a stream is full that discards new messages', async () => {
    const full = uniqueStream({ discard: DiscardPolicy.New, max_msgs: 1 });
    const own = openClient({ streamConfig: full });
    await lastValueFrom(own.emit(`${full.name}.a`, 1));
    const begun = performance.now();
    const error = await rejection(lastValueFrom(own.emit(`${full.name}.a`, 2)));
    expect(error).toMatchObject({
      code: 'publish-refused',
      outcome: 'not-applied',
      message: expect.stringContaining('maximum messages exceeded'),
    });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

describe('expectations', () => {
  it.each([
    ['lastSequence', { lastSequence: 1 }, { lastSequence: 7 }],
    ['lastSubjectSequence', { lastSubjectSequence: 1 }, { lastSubjectSequence: 0 }],
    ['lastMsgID', { lastMsgID: 'first' }, { lastMsgID: 'other' }],
  ])('%s is checked', async (_, right, wrong) => {
    await emit('a', new NatsJetStreamRecordBuilder(1).setMsgId('first').build());
    const error = await rejection(emit('a', new NatsJetStreamRecord(2, { expect: wrong })));
    expect(error).toMatchObject({ code: 'expectation-failed', outcome: 'not-applied' });
    expect(await emit('a', new NatsJetStreamRecord(2, { expect: right }))).toMatchObject({ seq: 2 });
  });

  it('streamName is checked', async () => {
    const expecting = (streamName: string): NatsJetStreamRecord<number> =>
      new NatsJetStreamRecordBuilder(1).setExpectations({ streamName }).build();
    expect(await rejection(emit('a', expecting('other')))).toMatchObject({ code: 'expectation-failed' });
    expect(await emit('a', expecting(stream))).toMatchObject({ seq: 1 });
  });

  it.each([
    ['an unknown option', { ttl: 5 }, 'ttl'],
    ['an unknown expectation', { expect: { lastSeq: 5 } }, 'expect.lastSeq'],
    ['a negative sequence', { expect: { lastSequence: -1 } }, 'expect.lastSequence'],
    ['a time to live below a second', { ttlMs: 10 }, 'ttlMs'],
    ['an invalid date', { deliverAt: new Date(Number.NaN) }, 'deliverAt'],
    ['two ways to delay', { delayMs: 1, deliverAt: new Date() }, 'deliverAt'],
    ['a delay with an expectation', { delayMs: 1, expect: { lastSequence: 0 } }, 'expect.lastSequence'],
    ['a message id of two lines', { msgID: 'a\r\nb' }, 'msgID'],
  ])('and other options with invalid values are refused by name: %s', async (_, options: object, option) => {
    const error = await rejection(emit('a', new NatsJetStreamRecord(1, options)));
    expect(error).toMatchObject({ code: 'invalid-option', option });
  });
});

describe('an emit whose acknowledgement is lost', () => {
  it('is stored once and succeeds, also with an expectation to be the first', async () => {
    await client.connect();
    const { port } = new URL(sharedServerUrl());
    await using proxy = await TcpProxy.to(Number(port));
    const proxied = openClient({ connectionOptions: { servers: proxy.url } });
    await proxied.connect();
    proxy.deafen();
    const plain = emit('a', 1, proxied);
    const expecting = emit('b', new NatsJetStreamRecord(2, { expect: { lastSubjectSequence: 0 } }), proxied);
    await untilStored(2);
    proxy.hear();
    expect((await plain).seq + (await expecting).seq).toBe(3);
    expect(await raw.messageCount(stream)).toBe(2);
  });

  it('fails with an unknown outcome at the timeout, naming the message id to emit it again with', async () => {
    await client.connect();
    const { port } = new URL(sharedServerUrl());
    await using proxy = await TcpProxy.to(Number(port));
    const proxied = openClient({ connectionOptions: { servers: proxy.url } });
    await proxied.connect();
    proxy.deafen();
    const error = await rejection(
      emit('a', new NatsJetStreamRecord(1, { msgID: 'm', timeout: 300 }), proxied),
    );
    expect(error).toMatchObject({ code: 'publish-outcome-unknown', outcome: 'unknown', messageId: 'm' });
  });

  async function untilStored(count: number): Promise<void> {
    while ((await raw.messageCount(stream)) < count) await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

describe('a time to live', () => {
  it('removes the event after that time', async () => {
    const config = uniqueStream({ allow_msg_ttl: true });
    stream = config.name;
    client = openClient({ streamConfig: config });
    await emit('a', new NatsJetStreamRecordBuilder(1).setTtl(1_000).build());
    expect(await raw.messageCount(stream)).toBe(1);
    while ((await raw.messageCount(stream)) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  it('is refused by name when the stream does not allow it', async () => {
    const error = await rejection(emit('a', new NatsJetStreamRecordBuilder(1).setTtl(5_000).build()));
    expect(error).toMatchObject({ option: 'ttlMs', message: expect.stringContaining('allow_msg_ttl: true') });
  });
});

describe('a delay', () => {
  it('delivers the event later, on its own subject, with its body and headers', async () => {
    const config = uniqueStream({ allow_msg_schedules: true });
    stream = config.name;
    client = openClient({ streamConfig: config });
    const record = new NatsJetStreamRecordBuilder({ order: 1 }).appendHeader('tenant', 'acme').setDelay(500);
    const begun = Date.now();
    expect(await emit('reminded', record.build())).toMatchObject({ stream, seq: 1 });
    const subject = `${stream}.reminded`;
    const look = async (): Promise<StoredMessage | { error: unknown }> =>
      raw.api(`STREAM.MSG.GET.${stream}`, { last_by_subj: subject });
    let found = await look();
    while ('error' in found) found = await look();
    expect(Date.now() - begun).toBeGreaterThanOrEqual(500);
    expect(await stored(found.message.seq)).toMatchObject({
      body: { order: 1 },
      headers: expect.stringMatching(/tenant: ?acme/),
    });
    // the schedule itself is gone
    expect(await raw.messageCount(stream)).toBe(1);
  });

  it('works for several events at the same time', async () => {
    const config = uniqueStream({ allow_msg_schedules: true });
    stream = config.name;
    client = openClient({ streamConfig: config });
    const record = new NatsJetStreamRecord(1, { deliverAt: new Date(Date.now() + 3_600_000) });
    await Promise.all([emit('a', record), emit('a', record), emit('a', record)]);
    expect(await raw.messageCount(stream)).toBe(3);
  });

  it('is refused by name when the stream does not allow it, and on an event store’s stream', async () => {
    const record = new NatsJetStreamRecordBuilder(1).setDelay(500).build();
    expect(await rejection(emit('a', record))).toMatchObject({
      option: 'delayMs',
      message: expect.stringContaining('allow_msg_schedules: true'),
    });
    const name = uniqueStoreName();
    const store = await connectEventStore({ servers: sharedServerUrl(), name, events: [] });
    await store.close();
    const toStore = await rejection(lastValueFrom(client.emit(`${name}.0.order.1`, record)));
    expect(toStore).toMatchObject({ option: 'delayMs', message: expect.stringContaining('event store') });
  });

  it('is refused when the stream does not capture delayed events', async () => {
    const name = uniqueStoreName();
    await raw.api(`STREAM.CREATE.${name}`, { name, subjects: [`${name}.>`], allow_msg_schedules: true });
    const record = new NatsJetStreamRecordBuilder(1).setDelay(500).build();
    const error = await rejection(lastValueFrom(client.emit(`${name}.a`, record)));
    expect(error).toMatchObject({
      option: 'delayMs',
      message: expect.stringContaining(`_schedule.${name}.>`),
    });
  });
});
