import { Controller, type INestMicroservice } from '@nestjs/common';
import {
  ClientNats,
  Ctx,
  EventPattern,
  MessagePattern,
  NatsContext as NestNatsContext,
  NatsRecordBuilder,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { headers } from 'jetsource/transport';
import { lastValueFrom, type Observable, of, toArray } from 'rxjs';
import { rejection, until } from '../support/collect.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import { openClient, uniqueStream } from './shared-client.js';

/** The client's side of both transports. */
interface Caller {
  send<T>(pattern: unknown, data: unknown): Observable<T>;
}

/** The same handlers for both transports. */
function handlersOf(prefix: string): new () => object {
  @Controller()
  class Handlers {
    @MessagePattern({ cmd: `${prefix}-sum` })
    sum(@Payload() numbers: number[]): number {
      return numbers.reduce((sum, number) => sum + number, 0);
    }

    @MessagePattern(`${prefix}.several`)
    several(): Observable<number> {
      return of(0, 1, 2);
    }

    @MessagePattern(`${prefix}.refused`)
    refused(): never {
      throw new RpcException({ code: 'SOLD_OUT' });
    }

    @MessagePattern(`${prefix}.broken`)
    broken(): never {
      throw new TypeError('secret');
    }

    @MessagePattern(`${prefix}.wild.*`)
    wild(@Ctx() context: NestNatsContext): string {
      return context.getSubject();
    }

    @MessagePattern(`${prefix}.tenant`)
    tenant(@Ctx() context: NestNatsContext): string {
      return context.getHeaders().get('tenant');
    }
  }
  return Handlers;
}

const services: INestMicroservice[] = [];
const ours = uniqueStoreName();
const nests = uniqueStoreName();
const nestClient = new ClientNats({ servers: [sharedServerUrl()] });
const client = openClient();

async function start(controller: new () => object, options: object): Promise<void> {
  const module = await Test.createTestingModule({ controllers: [controller] }).compile();
  const service = module.createNestMicroservice({ ...options, logger: false });
  services.push(service);
  await service.listen();
}

async function startNestServer(controller: new () => object): Promise<void> {
  await start(controller, { transport: Transport.NATS, options: { servers: [sharedServerUrl()] } });
  // Nest's server has subscribed when it listens, but nats-server may not have processed it yet
  const [service] = services.slice(-1);
  await service?.unwrap<{ flush(): Promise<void> }>().flush();
}

beforeAll(async () => {
  await start(handlersOf(ours), {
    strategy: new NatsJetStreamServer({ connectionOptions: { servers: sharedServerUrl() } }),
  });
  await startNestServer(handlersOf(nests));
});

afterAll(async () => {
  await nestClient.close();
  await Promise.all(services.map(async (service) => service.close()));
});

describe.each([
  ['Nest’s client with our server', nestClient as Caller, ours],
  ['our client with Nest’s server', client as Caller, nests],
  ['our client with our server', client as Caller, ours],
])('%s', (_, caller, prefix) => {
  it('gets an answer to an object pattern', async () => {
    expect(await lastValueFrom(caller.send({ cmd: `${prefix}-sum` }, [1, 2, 3]))).toBe(6);
  });

  it('gets several values', async () => {
    expect(await lastValueFrom(caller.send(`${prefix}.several`, 0).pipe(toArray()))).toEqual([0, 1, 2]);
  });

  it('gets the payload of an RpcException, and no details of an unknown error', async () => {
    expect(await rejection(lastValueFrom(caller.send(`${prefix}.refused`, 0)))).toEqual({ code: 'SOLD_OUT' });
    expect(await rejection(lastValueFrom(caller.send(`${prefix}.broken`, 0)))).toEqual({
      status: 'error',
      message: 'Internal server error',
    });
  });

  it('reaches a pattern with a wildcard', async () => {
    expect(await lastValueFrom(caller.send(`${prefix}.wild.card`, 0))).toBe(`${prefix}.wild.card`);
  });

  it('sends headers, by a record of Nest', async () => {
    const natsHeaders = headers();
    natsHeaders.set('tenant', 'acme');
    const record = new NatsRecordBuilder(0).setHeaders(natsHeaders).build();
    expect(await lastValueFrom(caller.send(`${prefix}.tenant`, record))).toBe('acme');
  });

  it('gets an error without a responder', async () => {
    expect(await rejection(lastValueFrom(caller.send(`${prefix}.unknown`, 0)))).toBeDefined();
  });
});

describe('an event that our client emits', () => {
  it('is received by Nest’s NATS transport, too, if it listens to the subject', async () => {
    const stream = uniqueStream();
    const received: unknown[] = [];
    @Controller()
    class Listener {
      @EventPattern(`${stream.name}.created`)
      created(@Payload() payload: unknown): void {
        received.push(payload);
      }
    }
    await startNestServer(Listener);
    const emitter = openClient({ streamConfig: stream });
    expect(await lastValueFrom(emitter.emit(`${stream.name}.created`, { order: 1 }))).toMatchObject({
      seq: 1,
    });
    await until('it was received', () => received.length === 1);
    expect(received).toEqual([{ order: 1 }]);
  });
});
