import { Controller, type INestMicroservice } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { lastValueFrom } from 'rxjs';
import { RawNats } from '../support/raw-nats.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import { openClient, uniqueStream } from './shared-client.js';

const SPAN: api.SpanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
const TRACEPARENT = `00-${SPAN.traceId}-${SPAN.spanId}-01`;
const pattern = uniqueStoreName();

@Controller()
class Traced {
  @MessagePattern(pattern)
  async trace(): Promise<string | undefined> {
    await new Promise((resolve) => setImmediate(resolve));
    return api.trace.getSpanContext(api.context.active())?.traceId;
  }
}

let service: INestMicroservice;

beforeAll(async () => {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const module = await Test.createTestingModule({ controllers: [Traced] }).compile();
  const connectionOptions = { servers: sharedServerUrl() };
  service = module.createNestMicroservice({
    strategy: new NatsJetStreamServer({ connectionOptions, openTelemetry: api }),
    logger: false,
  });
  await service.listen();
});

afterAll(async () => {
  await service.close();
  api.context.disable();
  api.propagation.disable();
});

async function traced<T>(action: () => Promise<T>): Promise<T> {
  return api.context.with(api.trace.setSpanContext(api.ROOT_CONTEXT, SPAN), action);
}

describe('the context of OpenTelemetry', () => {
  it('is active in the handler of a request', async () => {
    const client = openClient({ openTelemetry: api });
    expect(await traced(async () => lastValueFrom(client.send(pattern, 0)))).toBe(SPAN.traceId);
  });

  it('is sent in the headers of an event', async () => {
    await using raw = await RawNats.open();
    const stream = uniqueStream();
    const client = openClient({ openTelemetry: api, streamConfig: stream });
    await traced(async () => lastValueFrom(client.emit(`${stream.name}.a`, 1)));
    await client.emitMany(`${stream.name}.a`, [2]);
    const headersOf = async (seq: number): Promise<string> => {
      const { message } = await raw.api<{ message: { hdrs: string } }>(`STREAM.MSG.GET.${stream.name}`, {
        seq,
      });
      return Buffer.from(message.hdrs, 'base64').toString();
    };
    expect(await headersOf(1)).toMatch(new RegExp(`traceparent: ?${TRACEPARENT}`));
    expect(await headersOf(2)).not.toContain('traceparent');
  });

  it('is not sent by a client without the option', async () => {
    const client = openClient();
    const answer = async (): Promise<string> =>
      lastValueFrom(client.send<string>(pattern, 0), { defaultValue: 'none' });
    expect(await traced(answer)).toBe('none');
  });
});
