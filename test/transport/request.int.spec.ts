import { Controller, type INestMicroservice } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { concat, firstValueFrom, lastValueFrom, NEVER, Observable, of, throwError, toArray } from 'rxjs';
import { NatsContext } from '../../src/transport/server/nats.context.js';
import type { NatsJetStreamClientProxy } from '../../src/transport/client/nats-jetstream-client-proxy.js';
import { NatsRequestOptionsBuilder } from '../../src/transport/client/nats-request-options-builder.js';
import { rejection, until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import type { NatsJetStreamServerOptions } from '../../src/transport/server/nats-jetstream-server-options.js';
import { openClient } from './shared-client.js';

const prefix = uniqueStoreName();
/** The instances that handled a request to `counted`. */
const handled: string[] = [];
let release: () => void = () => undefined;

@Controller()
class Answers {
  @MessagePattern({ cmd: `${prefix}-sum` })
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }

  @MessagePattern(`${prefix}.several`)
  several(): Observable<number> {
    return of(0, 1, 2);
  }

  @MessagePattern(`${prefix}.typed`)
  typed(@Payload() payload: unknown): string {
    return typeof payload;
  }

  @MessagePattern(`${prefix}.nothing`)
  nothing(): Observable<never> {
    return of();
  }

  @MessagePattern(`${prefix}.refused`)
  refused(): never {
    throw new RpcException({ code: 'SOLD_OUT', left: 0 });
  }

  @MessagePattern(`${prefix}.broken`)
  broken(): never {
    throw new TypeError('a secret of the service');
  }

  @MessagePattern(`${prefix}.breaks-off`)
  breaksOff(): Observable<number> {
    return concat(
      of(1),
      throwError(() => new RpcException('half way')),
    );
  }

  @MessagePattern(`${prefix}.silent`)
  silent(): Observable<never> {
    return NEVER;
  }

  @MessagePattern(`${prefix}.large`)
  large(): string {
    return 'x'.repeat(1_100_000);
  }

  @MessagePattern(`${prefix}.unserializable`)
  unserializable(): bigint {
    return 1n;
  }

  @MessagePattern(`${prefix}.held`)
  async held(): Promise<string> {
    await new Promise<void>((resolve) => (release = resolve));
    return 'done';
  }

  @MessagePattern(`${prefix}.context`)
  context(@Payload() data: unknown, @Ctx() context: NatsContext): object {
    return {
      data,
      subject: context.getSubject(),
      tenant: context.getHeaders()?.values('tenant'),
      metadata: context.getMetadata(),
      body: context.message.json(),
    };
  }
}

let raw: RawNats;
let client: NatsJetStreamClientProxy;
const services: INestMicroservice[] = [];

async function startService(
  controller: new () => object,
  options: NatsJetStreamServerOptions = {},
): Promise<INestMicroservice> {
  const module = await Test.createTestingModule({ controllers: [controller] }).compile();
  const connectionOptions = { servers: sharedServerUrl() };
  const service = module.createNestMicroservice({
    strategy: new NatsJetStreamServer({ connectionOptions, ...options }),
    logger: false,
  });
  services.push(service);
  await service.listen();
  return service;
}

beforeAll(async () => {
  raw = await RawNats.open();
  client = openClient({ requestTimeoutMs: 5_000 });
  await startService(Answers);
});

afterAll(async () => {
  await Promise.all(services.map(async (service) => service.close()));
  await raw[Symbol.asyncDispose]();
});

async function ask<T>(name: string, data: unknown = 0): Promise<T> {
  return lastValueFrom(client.send<T>(`${prefix}.${name}`, data));
}

describe('request-response', () => {
  it('answers 6 for [1, 2, 3]', async () => {
    expect(await lastValueFrom(client.send({ cmd: `${prefix}-sum` }, [1, 2, 3]))).toBe(6);
  });

  it('delivers several values in order, and the end', async () => {
    expect(await lastValueFrom(client.send(`${prefix}.several`, 0).pipe(toArray()))).toEqual([0, 1, 2]);
    expect(await lastValueFrom(client.send(`${prefix}.nothing`, 0).pipe(toArray()))).toEqual([]);
  });

  it('delivers the payload of an RpcException', async () => {
    expect(await rejection(ask('refused'))).toEqual({ code: 'SOLD_OUT', left: 0 });
  });

  it('delivers no more of an unknown error than Nest does', async () => {
    expect(await rejection(ask('broken'))).toEqual({ status: 'error', message: 'Internal server error' });
  });

  it('delivers values that were sent before an error', async () => {
    const values: number[] = [];
    const values$ = client.send<number>(`${prefix}.breaks-off`, 0);
    const end = new Promise((resolve, reject) => {
      values$.subscribe({ next: (value) => values.push(value), error: reject, complete: () => resolve(0) });
    });
    expect(await rejection(end)).toEqual({ status: 'error', message: 'half way' });
    expect(values).toEqual([1]);
  });

  it('times out, for a request or by default', async () => {
    const request = new NatsRequestOptionsBuilder(0).setTimeout(100).build();
    const error = await rejection(ask('silent', request));
    expect(error).toMatchObject({ code: 'request-timeout', outcome: 'unknown', pattern: `${prefix}.silent` });
    const hasty = openClient({ requestTimeoutMs: 100 });
    expect(await rejection(lastValueFrom(hasty.send(`${prefix}.silent`, 0)))).toMatchObject({
      code: 'request-timeout',
    });
  });

  it('fails at once without a responder', async () => {
    const error = await rejection(ask('unknown'));
    expect(error).toMatchObject({ code: 'no-responder', pattern: `${prefix}.unknown` });
  });

  it('is cancelled by unsubscribing: no more values are delivered, and no state remains', async () => {
    const seen: unknown[] = [];
    const subscription = client
      .send(`${prefix}.held`, 0)
      .subscribe({ next: (value) => seen.push(value), error: (error) => seen.push(error) });
    const before = release;
    await until('the request came', () => release !== before);
    subscription.unsubscribe();
    release();
    // earlier answers have been received by then
    expect(await lastValueFrom(client.send({ cmd: `${prefix}-sum` }, [1]))).toBe(1);
    expect(seen).toEqual([]);
  });

  it('can end after the first of several values', async () => {
    expect(await firstValueFrom(client.send(`${prefix}.several`, 0))).toBe(0);
  });

  it('delivers headers, metadata and the subject to the handler', async () => {
    const own = openClient();
    own.setOnDispatchHook((packet) => {
      packet.metadata = { trace: '7' };
    });
    const request = new NatsRequestOptionsBuilder({ a: 1 })
      .appendHeader('tenant', 'x')
      .appendHeader('tenant', 'y')
      .build();
    expect(await lastValueFrom(own.send(`${prefix}.context`, request))).toMatchObject({
      data: { a: 1 },
      subject: `${prefix}.context`,
      tenant: ['x', 'y'],
      metadata: { trace: '7' },
      body: { pattern: `${prefix}.context`, data: { a: 1 }, id: expect.any(String) },
    });
  });

  it('can receive the answer on a subject of its own, random or named', async () => {
    const unmuxed = new NatsRequestOptionsBuilder(0).setNoMux(true).build();
    expect(await ask('several', unmuxed)).toBe(2);
    const named = new NatsRequestOptionsBuilder(0).setReplyToSubject(`${prefix}.reply`).build();
    const reply = new Promise<string>((resolve) =>
      raw.nc.subscribe(`${prefix}.reply`, { max: 1, callback: (_, message) => resolve(message.subject) }),
    );
    await raw.nc.flush();
    expect(await ask('several', named)).toBe(2);
    expect(await reply).toBe(`${prefix}.reply`);
  });

  it.each(['Nats-Msg-Id', 'nats-rollup'])('refuses the reserved header %s by name', async (name) => {
    const request = new NatsRequestOptionsBuilder(0).appendHeader(name, '1').build();
    expect(await rejection(ask('several', request))).toMatchObject({ option: `headers.${name}` });
  });

  it('refuses a pattern that is no subject, and an unknown option, by name', async () => {
    expect(await rejection(lastValueFrom(client.send({ cmd: 'a b' }, 0)))).toMatchObject({
      option: 'pattern',
    });
    const request = { payload: 0, options: { timeOut: 1 } };
    Object.setPrototypeOf(request, new NatsRequestOptionsBuilder(0).build());
    expect(await rejection(ask('several', request))).toMatchObject({ option: 'timeOut' });
  });

  it('fails when the answer cannot be sent', async () => {
    const unsendable = { status: 'error', message: 'The answer cannot be sent' };
    expect(await rejection(ask('large'))).toEqual(unsendable);
    expect(await rejection(ask('unserializable'))).toEqual(unsendable);
  });

  it('fails when the answer is not JSON', async () => {
    raw.nc.subscribe(`${prefix}.garbled`, { callback: (_, message) => void message.respond('}{') });
    await raw.nc.flush();
    expect(await rejection(ask('garbled'))).toMatchObject({ code: 'nats', outcome: 'unknown' });
  });

  it('takes an answer that is not a packet as the value', async () => {
    raw.nc.subscribe(`${prefix}.foreign`, {
      callback: (_, message) => void message.respond('{"temperature":21}'),
    });
    await raw.nc.flush();
    expect(await ask('foreign')).toEqual({ temperature: 21 });
  });

  it('fails when the client is closed', async () => {
    const own = openClient();
    const failure = rejection(lastValueFrom(own.send(`${prefix}.silent`, 0)));
    await own.connect();
    await own.close();
    expect(await failure).toMatchObject({ code: 'connection-closed' });
  });
});

describe('a request of a program without Nest', () => {
  it('is answered without an id, as by older services', async () => {
    const reply = await raw.nc.request(`{"cmd":"${prefix}-sum"}`, '[1,2,3]');
    expect(reply.json()).toEqual({ response: 6, isDisposed: true });
  });

  it('without a body has undefined as its payload', async () => {
    const reply = await raw.nc.request(`${prefix}.typed`, '');
    expect(reply.json()).toMatchObject({ response: 'undefined', isDisposed: true });
  });

  it.each([['}{'], ['\u0000\u00ff']])(
    'cannot hurt the process: %j is answered as malformed',
    async (body) => {
      const reply = await raw.nc.request(`{"cmd":"${prefix}-sum"}`, body);
      expect(reply.json()).toMatchObject({ err: { message: 'Malformed request' }, isDisposed: true });
      raw.nc.publish(`{"cmd":"${prefix}-sum"}`, body);
      expect(await lastValueFrom(client.send({ cmd: `${prefix}-sum` }, [1, 2, 3]))).toBe(6);
    },
  );
});

describe('several instances', () => {
  const pattern = `${prefix}.counted`;
  const ofGroup = `${prefix}.grouped`;

  function instance(name: string): new () => object {
    @Controller()
    class Instance {
      @MessagePattern(pattern)
      counted(): string {
        handled.push(name);
        return name;
      }

      @MessagePattern(ofGroup, { queue: 'own' })
      grouped(): string {
        handled.push(name);
        return name;
      }
    }
    return Instance;
  }

  it('of one queue group share the requests; without a group each of them answers', async () => {
    await startService(instance('a'), { queue: 'service' });
    await startService(instance('b'), { queue: 'service' });
    for (let count = 0; count < 20; count += 1) await lastValueFrom(client.send(pattern, 0));
    expect(handled).toHaveLength(20);

    const alone = await startService(instance('c'));
    handled.length = 0;
    await lastValueFrom(client.send(pattern, 0));
    await until('both the group and the one without have handled it', () => handled.length === 2);
    handled.length = 0;
    for (let count = 0; count < 20; count += 1) await lastValueFrom(client.send(ofGroup, 0));
    expect(handled).toHaveLength(20);
    await alone.close();
  });
});

describe('a pattern that a JetStream stream captures', () => {
  it.each([
    ['literally', `${prefix}-taken.sum`, `${prefix}-taken.sum`],
    ['by a wildcard', `${prefix}-wild.sum`, `${prefix}-wild.>`],
    ['in part', `${prefix}-part.*`, `${prefix}-part.sum`],
  ])('%s is refused at start-up with the reason', async (_, pattern, subject) => {
    const name = uniqueStoreName();
    await raw.api(`STREAM.CREATE.${name}`, { name, subjects: [subject] });
    @Controller()
    class Captured {
      @MessagePattern(pattern)
      sum(): number {
        return 0;
      }
    }
    const error = await rejection(startService(Captured));
    expect(error).toMatchObject({ code: 'captured-pattern', pattern });
    expect((error as Error).message).toContain(name);
  });
});

describe('a shutdown', () => {
  @Controller()
  class Slow {
    static release: () => void = () => undefined;

    @MessagePattern(`${prefix}.slow`)
    async slow(): Promise<string> {
      const earlier = Slow.release;
      await new Promise<void>((resolve) => {
        Slow.release = () => {
          earlier();
          resolve();
        };
      });
      return 'done';
    }
  }

  async function requestUnderWay(): Promise<{ answer: Promise<unknown> }> {
    const before = Slow.release;
    const answer = lastValueFrom(client.send(`${prefix}.slow`, 0));
    answer.catch(() => undefined);
    await until('the request came', () => Slow.release !== before);
    return { answer };
  }

  it('waits for handlers, and takes no more requests', async () => {
    const service = await startService(Slow, { shutdownTimeoutMs: 10_000 });
    const { answer } = await requestUnderWay();
    const closing = service.close();
    await until('the service has unsubscribed', async () => {
      const error = await rejection(ask('slow', new NatsRequestOptionsBuilder(0).setTimeout(100).build()));
      return (error as { code?: string }).code === 'no-responder';
    });
    Slow.release();
    expect(await answer).toBe('done');
    await closing;
  });

  it('answers requests that take too long with an error', async () => {
    const service = await startService(Slow, { shutdownTimeoutMs: 50 });
    const { answer } = await requestUnderWay();
    await service.close();
    expect(await rejection(answer)).toEqual({ status: 'error', message: 'The service is shutting down' });
  });
});
