import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { NatsConnection, PubAck } from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';
import { LONGEST_SUBJECT } from '../../src/jetstream/names/subject-length.js';
import { NatsJetStreamRecord } from '../../src/transport/client/nats-jetstream-record.js';
import { NatsRequestRecord } from '../../src/transport/client/nats-request-record.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import { rejection, until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { consumerState, onlyConsumer } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

/** A subject of that many bytes. */
function subjectOf(bytes: number, prefix: string): string {
  return `${prefix}.${'x'.repeat(bytes - prefix.length - 1)}`;
}

const refused = { code: 'invalid-option', outcome: 'not-applied' };

describe('a subject that is longer than a server takes', () => {
  it('is refused before it is sent, and other users of the connection notice nothing', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const client = openClient({ streamConfig });
    const disconnects: string[] = [];
    client.on('disconnect', (server) => disconnects.push(server));
    const nc = await client.connect();
    const long = subjectOf(5_000, name);
    expect(await rejection(lastValueFrom(client.emit(long, 1)))).toMatchObject({
      ...refused,
      option: 'pattern',
      message: expect.stringContaining(`at most ${LONGEST_SUBJECT} bytes`),
    });
    expect(await rejection(lastValueFrom(client.send(long, 1)))).toMatchObject({
      ...refused,
      option: 'pattern',
    });
    expect(await rejection(client.emitMany(long, [1]))).toMatchObject(refused);
    const ownReply = new NatsRequestRecord(1, { reply: long });
    expect(await rejection(lastValueFrom(client.send(`${name}-ask`, ownReply)))).toMatchObject({
      code: 'nats',
      message: expect.stringContaining(`at most ${LONGEST_SUBJECT} bytes`),
    });
    expect(() => nc.publish(long)).toThrow(expect.objectContaining({ ...refused, option: 'subject' }));
    // the message id of a delayed event is part of a subject
    const delayed = new NatsJetStreamRecord(1, { delayMs: 10, msgID: 'x'.repeat(5_000) });
    const scheduling = openClient({ streamConfig: { ...uniqueStream(), allow_msg_schedules: true } });
    await scheduling.connect();
    expect(await rejection(lastValueFrom(client.emit(`${name}.a`, delayed)))).toMatchObject(refused);
    expect(await lastValueFrom(client.emit<PubAck>(`${name}.a`, 2))).toMatchObject({ seq: 1 });
    await nc.flush();
    expect(disconnects).toEqual([]);
  });

  it('counts in bytes', async () => {
    const client = openClient();
    expect(await rejection(lastValueFrom(client.emit('ж'.repeat(2_000), 1)))).toMatchObject(refused);
  });

  it('is refused at the start of a server that would listen to it', async () => {
    const streamConfig = uniqueStream();
    const long = subjectOf(4_090, streamConfig.name);
    await expect(
      startService(streamConfig.name, [listener(long, () => undefined)], { streamConfig }),
    ).rejects.toMatchObject(refused);
  });

  it('is stored, handled and asked up to the limit', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const handled: unknown[] = [];
    await startService(name, [listener(`${name}.*`, (data) => handled.push(data))], { streamConfig });
    const client = openClient();
    await lastValueFrom(client.emit(subjectOf(LONGEST_SUBJECT, name), 'long'));
    await until('it is handled', () => handled.length === 1);
    const unheard = rejection(lastValueFrom(client.send(subjectOf(LONGEST_SUBJECT, `${name}-ask`), 1)));
    expect(await unheard).toMatchObject({ code: 'no-responder' });
  });
});

describe('emit', () => {
  it('says of the first store that it is no duplicate', async () => {
    const streamConfig = uniqueStream();
    const client = openClient({ streamConfig });
    const record = new NatsJetStreamRecord(1, { msgID: 'one' });
    const emit = async (): Promise<PubAck> =>
      lastValueFrom(client.emit<PubAck>(`${streamConfig.name}.a`, record));
    expect(await emit()).toMatchObject({ seq: 1, duplicate: false });
    expect(await emit()).toMatchObject({ seq: 1, duplicate: true });
    expect(await client.emitMany(`${streamConfig.name}.a`, [2])).toMatchObject([
      { seq: 2, duplicate: false },
    ]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['headers.retries', { retries: 5 }],
    ['headers.retries', { retries: ['1', 5] }],
    ['headers.note', { note: 'two\nlines' }],
    ['headers.none', { none: null }],
    ['headers.a name', { 'a name': 'x' }],
  ])('refuses a header that cannot be sent: %s, %j', async (option, headers) => {
    const client = openClient();
    const event = new NatsJetStreamRecord(1, { headers: headers as never });
    expect(await rejection(lastValueFrom(client.emit('a.b', event)))).toMatchObject({ ...refused, option });
    const request = new NatsRequestRecord(1, { headers: headers as never });
    expect(await rejection(lastValueFrom(client.send('a.b', request)))).toMatchObject({ ...refused, option });
  });

  it.each([5, null, { length: 1 }])('refuses many events that cannot be iterated: %j', async (data) => {
    const client = openClient();
    expect(await rejection(client.emitMany('a.b', data as never))).toMatchObject({
      ...refused,
      option: 'data',
    });
  });
});

describe('jetStreamOptions of a server', () => {
  it('say how long an answer of the JetStream API is awaited', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const jetStreamOptions = { apiPrefix: '$JS.nobody.API', timeout: 250 };
    await expect(startService(name, [], { streamConfig, jetStreamOptions })).rejects.toMatchObject({
      code: 'nats',
      message: expect.stringContaining('within 250 ms'),
    });
  });

  it.each<[string, object]>([
    ['jetStreamOptions.timeout', { timeout: 'x' }],
    ['jetStreamOptions.timeout', { timeout: 0 }],
    ['jetStreamOptions.domain', { domain: 5 }],
    ['jetStreamOptions.domain', { domain: '' }],
    ['jetStreamOptions.apiPrefix', { apiPrefix: '$JS.>' }],
    ['jetStreamOptions.timout', { timout: 1 }],
  ])('are checked, as those of a client: %s, %j', (option, jetStreamOptions) => {
    const expected = expect.objectContaining({ code: 'invalid-option', option });
    expect(() => new NatsJetStreamServer({ jetStreamOptions })).toThrow(expected);
    expect(() => openClient({ jetStreamOptions })).toThrow(expected);
  });
});

describe('connectionOptions', () => {
  it('may name servers or a port, and not both', () => {
    const connectionOptions = { servers: 'nats://127.0.0.1:4222', port: 4333 };
    const expected = expect.objectContaining({ code: 'invalid-option', option: 'connectionOptions.port' });
    expect(() => new NatsJetStreamServer({ connectionOptions })).toThrow(expected);
    expect(() => openClient({ connectionOptions })).toThrow(expected);
  });

  it('may name a port alone', async () => {
    const port = Number(new URL(sharedServerUrl()).port);
    const nc: NatsConnection = await openClient({ connectionOptions: { port } }).connect();
    expect(nc.getServer()).toMatch(new RegExp(`:${port}$`));
  });
});

describe('another ackWait on a durable consumer that exists', () => {
  const warnings: string[] = [];

  beforeEach(() => {
    warnings.length = 0;
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: string) => {
      warnings.push(message);
    });
  });

  afterEach(() => jest.restoreAllMocks());

  it('is a warning at the start that says what the consumer has, and what was asked for', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const start = async (ackWait?: number): Promise<unknown> =>
      startService(name, [listener(`${name}.n`, () => undefined)], {
        streamConfig,
        consumerOptions: ackWait === undefined ? {} : { ackWait },
      });
    await start(20_000);
    await start(20_000);
    await start();
    expect(warnings).toEqual([]);
    await start(5_000);
    const { name: consumer } = await onlyConsumer(name);
    expect(warnings).toEqual([
      expect.stringContaining(
        `consumer ${consumer} of stream ${name} has ackWait 20000, and 5000 is asked for`,
      ),
    ]);
    expect((await consumerState(name, consumer)).config['ack_wait']).toBe(5_000 * 1_000_000);
  });

  it('says of a consumer that is bound to that it keeps what it has', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const handlers = [listener(`${name}.n`, () => undefined)];
    await startService(name, handlers, { streamConfig, consumerOptions: { ackWait: 20_000 } });
    await startService(name, handlers, { streamConfig, consumerOptions: { ackWait: 5_000, bind: true } });
    expect(warnings).toEqual([expect.stringContaining('keeps what it has')]);
  });
});
