import 'reflect-metadata';
import { Controller, type INestApplication, Param, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { Event, EventStore, type RecordedEvent, streamName } from 'jetsource';
import { JetsourceModule, type JetsourceModuleOptions } from 'jetsource/nestjs';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';

@Event('Shipped')
class Shipped {}

const SENT = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
const SPAN: api.SpanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
const ACTIVE = `00-${SPAN.traceId}-${SPAN.spanId}-01`;

@Controller('orders')
class OrdersController {
  constructor(private readonly store: EventStore) {}

  @Post(':id')
  async ship(@Param('id') id: string): Promise<void> {
    await this.store.append(streamName('order', id), [new Shipped()]);
  }

  @Post(':id/explicit')
  async explicit(@Param('id') id: string): Promise<void> {
    const metadata = { correlationId: 'own', traceparent: ACTIVE };
    await this.store.append(streamName('order', id), [new Shipped()], { metadata });
  }
}

let app: INestApplication;
let store: EventStore;
let url: string;
let name: string;

async function start(options: Pick<JetsourceModuleOptions, 'correlation'> = {}): Promise<void> {
  name = uniqueStoreName();
  const servers = sharedServerUrl();
  const module = await Test.createTestingModule({
    imports: [JetsourceModule.forRoot({ servers, name, events: [Shipped], ...options })],
    controllers: [OrdersController],
  }).compile();
  app = module.createNestApplication({ logger: false });
  // as an instrumentation of the HTTP server does
  const traced = api.trace.setSpanContext(api.ROOT_CONTEXT, SPAN);
  app.use((_request: unknown, _response: unknown, next: () => void) => api.context.with(traced, next));
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  store = app.get(EventStore);
}

beforeAll(() => {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterEach(async () => app?.close());
afterAll(() => {
  api.context.disable();
  api.propagation.disable();
});

async function post(path: string, headers: Record<string, string> = {}): Promise<Headers> {
  const response = await fetch(`${url}/orders/${path}`, { method: 'POST', headers });
  expect(response.status).toBe(201);
  return response.headers;
}

async function eventOf(id: string, category = 'order'): Promise<RecordedEvent> {
  const events = await collect(store.read(streamName(category, id), { consistency: 'leader' }));
  return events[0] as RecordedEvent;
}

async function natsHeadersOf(sequence: number): Promise<string> {
  await using raw = await RawNats.open();
  const { message } = await raw.api<{ message: { hdrs: string } }>(`STREAM.MSG.GET.${name}`, {
    seq: sequence,
  });
  return Buffer.from(message.hdrs, 'base64').toString();
}

describe('the trace of a request', () => {
  it('is in its events, in the headers of their messages, and in the effects of the events', async () => {
    await start();
    await post('1', { Traceparent: SENT });
    const shipped = await eventOf('1');
    expect(shipped.metadata.traceparent).toBe(SENT);
    expect(await natsHeadersOf(1)).toMatch(new RegExp(`traceparent: ?${SENT}`));

    const subscription = store.subscribe({
      onEvent: async (event) => {
        if (event.stream.category !== 'order') return;
        await store.append(streamName('mail', '1'), [new Shipped()]);
        void subscription.stop();
      },
    });
    await subscription.closed;
    expect((await eventOf('1', 'mail')).metadata).toMatchObject({
      traceparent: SENT,
      causationId: shipped.id,
    });
  });

  it('is none where the client sends none, or what is no trace', async () => {
    await start();
    const faulty = ['', 'x', SENT.toUpperCase().replace('1', 'A'), `ff${SENT.slice(2)}`, `${SENT}-x`];
    const zero = `00-${'0'.repeat(32)}-${'2'.repeat(16)}-01`;
    for (const [index, traceparent] of [undefined, ...faulty, zero].entries()) {
      await post(`${index}`, traceparent === undefined ? {} : { traceparent });
      expect((await eventOf(`${index}`)).metadata).not.toHaveProperty('traceparent');
      expect(await natsHeadersOf(index + 1)).not.toContain('traceparent');
    }
  });

  it('is that of the active span with openTelemetry', async () => {
    await start({ correlation: { openTelemetry: api } });
    await post('1', { traceparent: SENT });
    expect((await eventOf('1')).metadata.traceparent).toBe(ACTIVE);
  });

  it('is that of the append if it has one, as the correlation is', async () => {
    await start();
    const headers = await post('1/explicit', { traceparent: SENT, 'x-correlation-id': 'sent' });
    expect((await eventOf('1')).metadata).toMatchObject({ correlationId: 'own', traceparent: ACTIVE });
    expect(headers.get('x-correlation-id')).toBe('sent');
  });

  it('is no header of the message where it could be none, and has to be text', async () => {
    await start();
    const stream = streamName('order', '1');
    await store.append(stream, [new Shipped()], { metadata: { traceparent: 'a\r\nNats-Rollup: all' } });
    expect(await natsHeadersOf(1)).not.toMatch(/traceparent|rollup/i);
    const numeric = { traceparent: 1 as never };
    await expect(store.append(stream, [new Shipped()], { metadata: numeric })).rejects.toThrow(
      'metadata.traceparent must be a string',
    );
  });
});

describe('the option correlation', () => {
  it('names the headers in any case, the first also of the response', async () => {
    await start({ correlation: { headers: ['X-Shop-Request', 'X-Other'] } });
    expect((await post('1', { 'x-SHOP-request': 'a', 'x-other': 'b' })).get('x-shop-request')).toBe('a');
    expect((await eventOf('1')).metadata.correlationId).toBe('a');
    const headers = await post('2', { 'X-OTHER': 'b', 'x-correlation-id': 'c' });
    expect([headers.get('x-shop-request'), headers.get('x-correlation-id')]).toEqual(['b', null]);
    expect((await eventOf('2')).metadata.correlationId).toBe('b');
  });

  it('switches it off', async () => {
    await start({ correlation: false });
    const headers = await post('1', { 'x-correlation-id': 'c', traceparent: SENT });
    expect(headers.has('x-correlation-id')).toBe(false);
    const { id, metadata } = await eventOf('1');
    expect(metadata.correlationId).toBe(id.split('/')[0]);
    expect(metadata).not.toHaveProperty('traceparent');
  });

  it.each<[string, unknown]>([
    ['correlation must be false', true],
    ['correlation.header must be one of', { header: 'x' }],
    ['correlation.headers must be', { headers: [] }],
    ['correlation.headers must be', { headers: ['two words'] }],
    ['correlation.headers must be', { headers: 'x-request-id' }],
    ['correlation.openTelemetry must be', { openTelemetry: {} }],
  ])('is refused where it cannot work: %s', async (message, correlation) => {
    const options = { servers: 'nats://127.0.0.1:1', name: 'shop', events: [], correlation };
    const module = Test.createTestingModule({ imports: [JetsourceModule.forRoot(options as never)] });
    await expect(module.compile()).rejects.toThrow(message);
  });
});
