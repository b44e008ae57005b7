import 'reflect-metadata';
import { jest } from '@jest/globals';
import {
  type ArgumentsHost,
  BadRequestException,
  Controller,
  Get,
  type INestApplication,
  Logger,
  NotFoundException,
  Param,
  Post,
  type Provider,
  Res,
  UseFilters,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AggregateRoot } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { ConnectionClosedError, CorruptStreamError, Event, EventSourced, type Repository } from 'jetsource';
import { InjectRepository, JetsourceExceptionFilter, JetsourceModule } from 'jetsource/nestjs';
import type { ServerResponse } from 'node:http';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';

class OrderRefused extends Error {
  override readonly name = 'OrderRefused';
}

@Event('Shipped')
class Shipped {}

@EventSourced('order')
class Order extends AggregateRoot {
  #shipped = false;

  constructor(readonly id: string) {
    super();
  }

  ship(): void {
    if (this.#shipped) throw new OrderRefused(`order ${this.id} has been shipped already`);
    this.apply(new Shipped());
  }

  onShipped(): void {
    this.#shipped = true;
  }
}

const THROWN: Readonly<Record<string, () => unknown>> = {
  corrupt: () => new CorruptStreamError({ stream: 'order/1', position: '1.0', reason: 'secret' }),
  closed: () => new ConnectionClosedError('the store at 10.0.0.1'),
  http: () => new NotFoundException('no such page'),
  text: () => new BadRequestException('bad', 'why'),
  several: () =>
    new BadRequestException({ message: ['a', 'b'], error: 'Bad Request', statusCode: 400, at: 'x' }),
  bug: () => new TypeError('secret'),
  nothing: () => undefined,
};

@Controller('orders')
class OrdersController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Post(':id')
  async create(@Param('id') id: string): Promise<void> {
    await this.orders.create(id, (order) => order.ship());
  }

  @Post(':id/ship/:expect')
  async ship(@Param('id') id: string, @Param('expect') expect: string): Promise<void> {
    await this.orders.update(id, (order) => order.ship(), { expect: Number(expect) });
  }

  @Get('throw/:what')
  fail(@Param('what') what: string): void {
    throw THROWN[what]?.();
  }

  @Get('half')
  half(@Res() response: ServerResponse): void {
    response.write('half');
    throw new ConnectionClosedError('it');
  }
}

@Controller('decorated')
@UseFilters(JetsourceExceptionFilter)
class DecoratedController {
  @Get()
  fail(): void {
    throw new ConnectionClosedError('it');
  }
}

let app: INestApplication;
let url: string;
const logged = jest.spyOn(Logger.prototype, 'error');

async function start(...providers: Provider[]): Promise<void> {
  const servers = sharedServerUrl();
  const module = await Test.createTestingModule({
    imports: [
      JetsourceModule.forRoot({ servers, name: uniqueStoreName(), events: [Shipped] }),
      JetsourceModule.forFeature([Order]),
    ],
    controllers: [OrdersController, DecoratedController],
    providers,
  }).compile();
  app = module.createNestApplication({ logger: false });
}

async function listen(): Promise<void> {
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
}

/** Status, type of content, body. */
async function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<[number, string, unknown]> {
  const response = await fetch(`${url}/${path}`, { method, headers });
  const text = await response.text();
  const type = response.headers.get('content-type')?.split(';', 1)[0] ?? '';
  return [response.status, type, text === '' ? undefined : (JSON.parse(text) as unknown)];
}

const PROBLEM = 'application/problem+json';

beforeEach(() => logged.mockClear());

describe('JetsourceExceptionFilter', () => {
  beforeAll(async () => {
    await start(JetsourceExceptionFilter.provider({ refusals: [OrderRefused] }));
    await listen();
  });
  afterAll(async () => app.close());

  it('answers with problem details to a missing aggregate, a refusal and an id that cannot be', async () => {
    expect(await send('POST', 'orders/1/ship/1')).toEqual([
      404,
      PROBLEM,
      {
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: 'order/1 does not exist',
        instance: '/orders/1/ship/1',
        code: 'aggregate-not-found',
        outcome: 'not-applied',
        retryable: false,
        stream: 'order/1',
      },
    ]);
    expect((await send('POST', 'orders/2'))[0]).toBe(201);
    expect(await send('POST', 'orders/2/ship/1?token=t')).toMatchObject([
      422,
      PROBLEM,
      { detail: 'order 2 has been shipped already', code: 'OrderRefused', instance: '/orders/2/ship/1' },
    ]);
    expect(await send('POST', `orders/${'x'.repeat(1100)}`)).toMatchObject([
      400,
      PROBLEM,
      { code: 'invalid-stream-name' },
    ]);
    expect(logged).not.toHaveBeenCalled();
  });

  it('answers 409 to a conflict, and 412 where the request has If-Match', async () => {
    expect((await send('POST', 'orders/3'))[0]).toBe(201);
    const conflict = { code: 'wrong-expected-version', expected: 7, actual: 1 };
    expect(await send('POST', 'orders/3/ship/7')).toMatchObject([409, PROBLEM, conflict]);
    expect(await send('POST', 'orders/3/ship/7', { 'if-match': '"7"' })).toMatchObject([
      412,
      PROBLEM,
      conflict,
    ]);
  });

  it('logs what is inside of the service, and does not send it', async () => {
    const [status, type, body] = await send('GET', 'orders/throw/corrupt');
    expect([status, type, body]).toEqual([
      500,
      PROBLEM,
      {
        type: 'about:blank',
        title: 'Internal Server Error',
        status: 500,
        instance: '/orders/throw/corrupt',
        outcome: 'not-applied',
        retryable: false,
      },
    ]);
    expect(logged).toHaveBeenCalledWith(expect.objectContaining({ code: 'corrupt-stream' }));
  });

  it('answers 503 with Retry-After while the store cannot be reached', async () => {
    const response = await fetch(`${url}/orders/throw/closed`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.text()).not.toContain('10.0.0.1');
  });

  it('leaves other errors to Nest', async () => {
    const json = 'application/json';
    expect(await send('GET', 'orders/throw/http')).toEqual([
      404,
      json,
      { message: 'no such page', error: 'Not Found', statusCode: 404 },
    ]);
    const bug = [500, json, { statusCode: 500, message: 'Internal server error' }];
    expect(await send('GET', 'orders/throw/bug')).toEqual(bug);
    expect(await send('GET', 'orders/throw/nothing')).toEqual(bug);
    expect(await send('GET', 'nowhere')).toMatchObject([404, json, { statusCode: 404 }]);
  });

  it('ends a response whose headers are sent', async () => {
    const response = await fetch(`${url}/orders/half`);
    expect([response.status, await response.text()]).toEqual([200, 'half']);
  });

  it('leaves the errors of other contexts to Nest, and logs those of WebSockets', () => {
    const filter = new JetsourceExceptionFilter(app.get(HttpAdapterHost));
    const error = new ConnectionClosedError('it');
    const caughtIn = (type: string): unknown =>
      filter.catch(error, { getType: () => type } as unknown as ArgumentsHost);
    expect([caughtIn('rpc'), caughtIn('graphql')]).toEqual([undefined, undefined]);
    expect(logged).not.toHaveBeenCalled();
    expect(caughtIn('ws')).toBeUndefined();
    expect(logged).toHaveBeenCalledWith(error);
  });
});

describe('JetsourceExceptionFilter with others: problem-details', () => {
  beforeAll(async () => {
    await start();
    const options = { others: 'problem-details', refusals: new Map([[OrderRefused, 409]]) } as const;
    app.useGlobalFilters(new JetsourceExceptionFilter(app.get(HttpAdapterHost), options));
    await listen();
  });
  afterAll(async () => app.close());

  it('answers with problem details to everything', async () => {
    const bodyOf = async (path: string): Promise<unknown> => (await send('GET', path))[2];
    const problem = { type: 'about:blank', title: 'Bad Request', status: 400 };
    expect(await bodyOf('nowhere')).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'Cannot GET /nowhere',
      instance: '/nowhere',
    });
    expect(await bodyOf('orders/throw/text')).toEqual({
      ...problem,
      detail: 'bad',
      instance: '/orders/throw/text',
    });
    expect(await bodyOf('orders/throw/several')).toEqual({
      ...problem,
      instance: '/orders/throw/several',
      errors: ['a', 'b'],
      at: 'x',
    });
    const bug = { type: 'about:blank', title: 'Internal Server Error', status: 500 };
    expect(await send('GET', 'orders/throw/bug')).toEqual([
      500,
      PROBLEM,
      { ...bug, instance: '/orders/throw/bug' },
    ]);
    expect(logged).toHaveBeenCalledWith(expect.any(TypeError));
  });

  it('answers to a body that cannot be read', async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/orders/9`, { method: 'POST', headers, body: '{' });
    expect(response.headers.get('content-type')).toContain(PROBLEM);
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ status: 400, detail: expect.stringContaining('JSON') }),
    ]);
  });

  it('gives refusals the status of the map', async () => {
    expect((await send('POST', 'orders/2'))[0]).toBe(201);
    expect((await send('POST', 'orders/2/ship/1'))[0]).toBe(409);
  });
});

describe('JetsourceExceptionFilter', () => {
  it('can be applied to a controller by its class', async () => {
    await start();
    await listen();
    expect(await send('GET', 'decorated')).toMatchObject([503, PROBLEM, { code: 'connection-closed' }]);
    // the other controller has no filter
    expect(await send('GET', 'orders/throw/closed')).toMatchObject([500, 'application/json', {}]);
    await app.close();
  });

  it('refuses options that cannot work where it is made', () => {
    const provide = (options: unknown) => () => JetsourceExceptionFilter.provider(options as never);
    expect(provide({ refusal: [] })).toThrow('refusal must be one of');
    expect(provide({ others: 'none' })).toThrow('others must be');
    expect(provide({ refusals: new Map([[OrderRefused, 99]]) })).toThrow('must be a status');
  });
});
