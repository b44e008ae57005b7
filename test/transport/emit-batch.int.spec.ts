import type { PubAck } from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { NatsJetStreamRecord } from '../../src/transport/client/nats-jetstream-record.js';
import type { BatchEvent } from '../../src/transport/client/emit-options.js';
import type { NatsJetStreamClientProxy } from '../../src/transport/client/nats-jetstream-client-proxy.js';
import type { JetStreamPublishOptions } from '../../src/transport/client/publish-options.js';
import { rejection, until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

let raw: RawNats;
let client: NatsJetStreamClientProxy;
let stream: string;

beforeAll(async () => {
  raw = await RawNats.open();
});

afterAll(async () => raw[Symbol.asyncDispose]());

beforeEach(async () => {
  const config = uniqueStream({ allow_atomic: true });
  stream = config.name;
  client = openClient({ streamConfig: config });
  await client.connect();
});

/** An event of the stream's. */
function event(suffix: string, data: unknown, options: JetStreamPublishOptions = {}): BatchEvent {
  return { pattern: `${stream}.${suffix}`, data: new NatsJetStreamRecord(data, options) };
}

const refused = { code: 'invalid-option', outcome: 'not-applied' };

describe('emitBatch', () => {
  it('stores all events in their order, and handlers get each of them', async () => {
    const handled: unknown[] = [];
    await startService(stream, [listener(`${stream}.*`, (data) => handled.push(data))]);
    await lastValueFrom(client.emit<PubAck>(`${stream}.before`, 0));
    const events = [event('a', 1), { pattern: `${stream}.b`, data: 2 }, event('a', 3)];
    expect(await client.emitBatch(events)).toEqual({ stream, seq: 4, count: 3 });
    await until('all are handled', () => handled.length === 4);
    expect(handled).toEqual([0, 1, 2, 3]);
  });

  it('stores none when an expectation does not hold', async () => {
    const events = [event('a', 1), event('b', 2, { expect: { lastSubjectSequence: 7 } })];
    expect(await rejection(client.emitBatch(events))).toMatchObject({
      code: 'expectation-failed',
      outcome: 'not-applied',
    });
    expect(await raw.messageCount(stream)).toBe(0);
    const right = [event('a', 1), event('b', 2, { expect: { lastSubjectSequence: 0 } })];
    expect(await client.emitBatch(right)).toMatchObject({ seq: 2 });
  });

  it('stores none when the stream knows the message id of one', async () => {
    await lastValueFrom(client.emit(`${stream}.a`, new NatsJetStreamRecord(1, { msgID: 'known' })));
    const events = [event('a', 2), event('a', 3, { msgID: 'known' })];
    expect(await rejection(client.emitBatch(events))).toMatchObject({
      code: 'publish-refused',
      outcome: 'not-applied',
      message: expect.stringContaining('knows the message id'),
    });
    expect(await raw.messageCount(stream)).toBe(1);
  });

  it('succeeds once when its answer was lost and it had to be sent again', async () => {
    await using proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    const proxied = openClient({
      connectionOptions: { servers: proxy.url },
      jetStreamOptions: { timeout: 60_000 },
    });
    await proxied.connect();
    // the answer comes after the events that others see
    proxy.lag(100);
    let sent = 0;
    const watching = raw.nc.subscribe(`${stream}.*`, {
      callback: () => {
        if (sent === 0) proxy.deafen();
        sent += 1;
      },
    });
    await raw.nc.flush();
    const emitted = proxied.emitBatch([event('a', 1), event('b', 2)]);
    await until('it is sent again', () => sent > 2);
    watching.unsubscribe();
    proxy.lag(0);
    proxy.hear();
    expect(await emitted).toEqual({ stream, seq: 2, count: 2 });
    expect(await raw.messageCount(stream)).toBe(2);
  }, 90_000);

  it('says that nobody knows when no answer comes', async () => {
    await using proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    const proxied = openClient({ connectionOptions: { servers: proxy.url } });
    await proxied.connect();
    proxy.lag(100);
    const watching = raw.nc.subscribe(`${stream}.*`, { callback: () => proxy.deafen() });
    await raw.nc.flush();
    const error = await rejection(proxied.emitBatch([event('a', 1, { msgID: 'm' })], { timeout: 3_000 }));
    watching.unsubscribe();
    expect(error).toMatchObject({ outcome: 'unknown' });
  });

  it('is refused by name where the stream does not allow it, and nothing is stored', async () => {
    const other = uniqueStream();
    const plain = openClient({ streamConfig: other });
    await plain.connect();
    const error = await rejection(plain.emitBatch([{ pattern: `${other.name}.a`, data: 1 }]));
    expect(error).toMatchObject({ ...refused, option: 'streamConfig.allow_atomic' });
    expect((error as Error).message).toContain(`true for emitBatch into stream ${other.name}`);
    expect(await raw.messageCount(other.name)).toBe(0);
  });

  it('goes into one stream, and never into an event store', async () => {
    const other = uniqueStream({ allow_atomic: true });
    await openClient({ streamConfig: other }).connect();
    const across = [event('a', 1), { pattern: `${other.name}.a`, data: 2 }];
    expect(await rejection(client.emitBatch(across))).toMatchObject({ code: 'jetstream-not-found' });
    expect(await raw.messageCount(stream)).toBe(0);
    const nowhere = [{ pattern: uniqueStoreName(), data: 1 }];
    expect(await rejection(client.emitBatch(nowhere))).toMatchObject({ code: 'jetstream-not-found' });
    const name = uniqueStoreName();
    const store = await connectEventStore({ servers: sharedServerUrl(), name, events: [] });
    const intoStore = [{ pattern: `${name}.1.order.2`, data: 1 }];
    expect(await rejection(client.emitBatch(intoStore))).toMatchObject(refused);
    await store.close();
  });

  it.each<[string, () => readonly BatchEvent[]]>([
    ['events', () => []],
    ['events', () => Array.from({ length: 1_001 }, (_, n) => event('a', n))],
    ['events', () => 5 as never],
    ['event', () => [5 as never]],
    ['event', () => [{ pattern: `${stream}.a`, data: undefined }]],
    ['event.subject', () => [{ subject: 'a' } as never]],
    ['pattern', () => [event('*', 1)]],
    ['deliverAt', () => [event('a', 1, { delayMs: 5 })]],
    ['expect.lastMsgID', () => [event('a', 1, { expect: { lastMsgID: 'x' } })]],
  ])('refuses what cannot be a batch before anything is sent: %s', async (option, events) => {
    expect(await rejection(client.emitBatch(events()))).toMatchObject({ ...refused, option });
    expect(await raw.messageCount(stream)).toBe(0);
  });

  it('takes as many as a server does', async () => {
    const events = Array.from({ length: 1_000 }, (_, n) => event('a', n));
    expect(await client.emitBatch(events)).toEqual({ stream, seq: 1_000, count: 1_000 });
  });
});
