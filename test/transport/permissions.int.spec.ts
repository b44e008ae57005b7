import { Controller, Logger, type LoggerService } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { lastValueFrom } from 'rxjs';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { NatsJetStreamRecordBuilder } from '../../src/transport/client/nats-jetstream-record-builder.js';
import { startConfigured } from '../security/configured-server.js';
import { rejection } from '../support/collect.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import { openClient } from './shared-client.js';

const CONFIG = `
jetstream: enabled
authorization {
  users: [
    { user: admin, password: a }
    { user: emitter, password: e, permissions: {
        publish: ["orders.>", "sum"], subscribe: "_INBOX_e.>" } }
    { user: answerer, password: s, permissions: {
        publish: "_INBOX_e.>", subscribe: ["sum", "_INBOX_s.>"] } }
    { user: deaf, password: d, permissions: { publish: ">", subscribe: "_INBOX_d.>" } }
  ]
}
`;

@Controller()
class Sums {
  @MessagePattern('sum')
  sum(numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }
}

let server: NatsServer;

beforeAll(async () => {
  server = await startConfigured(CONFIG);
  const admin = openClient({
    connectionOptions: { servers: server.url, user: 'admin', pass: 'a' },
    streamConfig: { name: 'ORDERS', subjects: ['orders.>'] },
  });
  await admin.connect();
  await admin.close();
}, 60_000);

function optionsOf(user: string): { servers: string; user: string; pass: string; inboxPrefix: string } {
  const [initial = ''] = user === 'answerer' ? 's' : user;
  return { servers: server.url, user, pass: initial, inboxPrefix: `_INBOX_${initial}` };
}

async function startSums(user: string, logger: LoggerService | false = false): Promise<() => Promise<void>> {
  const module = await Test.createTestingModule({ controllers: [Sums] }).compile();
  const strategy = new NatsJetStreamServer({ connectionOptions: optionsOf(user) });
  const service = module.createNestMicroservice({ strategy, logger });
  await service.listen();
  return async () => service.close();
}

describe('with the least permissions', () => {
  it('a client emits and requests, and a service answers', async () => {
    const stop = await startSums('answerer');
    const client = openClient({ connectionOptions: optionsOf('emitter') });
    expect(await lastValueFrom(client.emit('orders.created', 1))).toMatchObject({ stream: 'ORDERS', seq: 1 });
    expect(await lastValueFrom(client.send('sum', [1, 2, 3]))).toBe(6);
    await client.close();
    await stop();
  });

  it('an emit or request that is not permitted fails at once with the reason', async () => {
    const client = openClient({ connectionOptions: optionsOf('emitter') });
    expect(await rejection(lastValueFrom(client.emit('secrets.read', 1)))).toMatchObject({
      code: 'publish-refused',
      message: expect.stringContaining('may not publish to secrets.read'),
    });
    expect(await rejection(lastValueFrom(client.send('secrets.read', 1)))).toMatchObject({
      message: expect.stringContaining('may not publish to secrets.read'),
    });
    await client.close();
  });

  it('a delay that cannot be checked is refused, and the event is not stored', async () => {
    const client = openClient({ connectionOptions: optionsOf('emitter') });
    const record = new NatsJetStreamRecordBuilder(1).setDelay(1_000).build();
    expect(await rejection(lastValueFrom(client.emit('orders.created', record)))).toMatchObject({
      code: 'jetstream-not-found',
    });
    await client.close();
  });

  it('a service that may not look up whether a stream captures its requests warns and starts', async () => {
    const warnings: string[] = [];
    const ignore = (): void => undefined;
    const logger = { log: ignore, error: ignore, warn: (text: string) => warnings.push(text) };
    const stop = await startSums('answerer', logger);
    Logger.overrideLogger(false);
    expect(warnings.join('\n')).toContain('whether a stream captures the request pattern sum cannot be seen');
    await stop();
  });

  it('a service that may not subscribe to its requests does not start', async () => {
    const error = await rejection(startSums('deaf'));
    expect(error).toMatchObject({
      code: 'nats',
      message: expect.stringContaining('requests cannot be received'),
    });
  });
});
