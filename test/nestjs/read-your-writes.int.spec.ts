import 'reflect-metadata';
import {
  Body,
  ConflictException,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  type INestApplication,
  Param,
  Post,
  Res,
} from '@nestjs/common';
import { AggregateRoot } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import {
  Event,
  EventSourced,
  EventStore,
  Projections,
  type Repository,
  type RecordedEvent,
  streamName,
  unitOfWork,
} from 'jetsource';
import {
  InjectEventStore,
  InjectRepository,
  JetsourceModule,
  type JetsourceModuleOptions,
  LiveProjection,
  On,
  Projection,
  WaitForProjection,
} from 'jetsource/nestjs';
import { inMemoryEventStore, inMemoryProjectionStore } from 'jetsource/testing';
import type { ServerResponse } from 'node:http';
import { lastValueFrom, of } from 'rxjs';
import { AppendedPositions, trackAppends } from '../../src/event/append-tracking.js';
import { ReadYourWritesInterceptor } from '../../src/nestjs/http/read-your-writes.interceptor.js';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';

const HEADER = 'x-jetsource-position';

@Event('Placed')
class Placed {}

@EventSourced('order')
class Order extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }

  place(): void {
    this.apply(new Placed());
  }
}

/** A model that waits before each event while its gate is closed. */
@Projection({ name: 'order-list', categories: ['order'] })
class OrderList {
  readonly ids = new Set<string>();
  #open: () => void = () => undefined;
  #gate: Promise<void> = Promise.resolve();

  close(): void {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open();
  }

  async clear(): Promise<void> {
    this.ids.clear();
  }

  @On(Placed)
  async placed(event: RecordedEvent<Placed>): Promise<void> {
    await this.#gate;
    this.ids.add(event.stream.id);
  }
}

@LiveProjection({ name: 'billed', eventStore: 'billing' })
class Billed {
  readonly ids = new Set<string>();

  reset(): void {
    this.ids.clear();
  }

  @On(Placed)
  placed(event: RecordedEvent<Placed>): void {
    this.ids.add(event.stream.id);
  }
}

@Controller('orders')
class OrdersController {
  listed = 0;

  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly store: EventStore,
    @InjectEventStore('billing') private readonly billing: EventStore,
    private readonly list: OrderList,
    private readonly billed: Billed,
  ) {}

  @Post(':id')
  async place(@Param('id') id: string): Promise<string> {
    await this.orders.create(id, (order) => order.place(), { commandId: `place ${id}` });
    return id;
  }

  @Post(':id/unit')
  async unit(@Param('id') id: string): Promise<string> {
    const work = async (unit: Parameters<Parameters<typeof unitOfWork>[1]>[0]): Promise<void> => {
      for (const name of [id, `${id}-b`]) (await unit.load(this.orders, name, { expect: 'any' })).place();
    };
    await unitOfWork(this.store, work, { commandId: `unit ${id}` });
    return id;
  }

  @Post(':id/several')
  async several(@Param('id') id: string): Promise<string> {
    const order = this.store.append(streamName('order', id), [new Placed(), new Placed()]);
    const billed = this.billing.append(streamName('order', id), [new Placed()]);
    await Promise.all([order, billed]);
    await this.store.append(streamName('stock', id), [new Placed()]);
    return id;
  }

  @Post(':id/refused')
  async refused(@Param('id') id: string): Promise<void> {
    await this.place(id);
    throw new ConflictException('after the append');
  }

  @Post(':id/own')
  async own(@Param('id') id: string, @Res() response: ServerResponse): Promise<void> {
    await this.place(id);
    response.statusCode = 202;
    response.end('own');
  }

  @Get()
  @WaitForProjection('order-list')
  all(): string[] {
    this.listed += 1;
    return [...this.list.ids];
  }

  @Get('quick')
  @WaitForProjection(['order-list'], { timeoutMs: 20 })
  quick(): string[] {
    return [...this.list.ids];
  }

  @Get('billed')
  @WaitForProjection('billed', { eventStore: 'billing' })
  allBilled(): string[] {
    return [...this.billed.ids];
  }

  @Get('stale')
  stale(): string[] {
    return [...this.list.ids];
  }

  @Post('echo/body')
  echo(@Body() body: object): object {
    return body;
  }
}

function storeModule(options: Partial<JetsourceModuleOptions> & { alias?: string } = {}): DynamicModule {
  return JetsourceModule.forRoot({
    servers: sharedServerUrl(),
    name: uniqueStoreName(),
    events: [Placed],
    projectionStore: inMemoryProjectionStore({}),
    ...options,
  });
}

describe('reading what was written, over HTTP', () => {
  let app: INestApplication;
  let store: EventStore;
  let list: OrderList;
  let url: string;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [storeModule(), storeModule({ alias: 'billing' }), JetsourceModule.forFeature([Order])],
      controllers: [OrdersController],
      providers: [OrderList, Billed],
    }).compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    url = `${await app.getUrl()}/orders`;
    store = app.get(EventStore);
    list = app.get(OrderList);
  });

  afterAll(async () => app.close());

  afterEach(() => list.open());

  async function post(path: string): Promise<Response> {
    return fetch(`${url}/${path}`, { method: 'POST' });
  }

  async function get(path: string, position: string | null, init: RequestInit = {}): Promise<Response> {
    return fetch(`${url}${path}`, { ...init, headers: { [HEADER]: position ?? '' } });
  }

  async function end(): Promise<string> {
    return `${await store.lastSequence()}.0`;
  }

  it('works by the position that the response to the write has and the next request sends', async () => {
    list.close();
    const written = await post('a');
    const position = written.headers.get(HEADER);
    expect([written.status, position]).toEqual([201, await end()]);
    const reading = get('', position);
    expect(await (await get('/stale', position)).json()).not.toContain('a');
    list.open();
    expect(await (await reading).json()).toContain('a');
  });

  it('names the highest position of the request, in the store of the header', async () => {
    const { headers } = await post('b/several');
    expect(headers.get(HEADER)).toBe(await end());
    expect(headers.get(`${HEADER}-billing`)).toBe('1.0');
  });

  it('waits for what the projection reads when the last event is of another category', async () => {
    list.close();
    const position = (await post('c/several')).headers.get(HEADER);
    const reading = get('', position);
    let isRead = false;
    void reading.then(() => (isRead = true));
    expect((await get('/quick', position)).status).toBe(503);
    expect(isRead).toBe(false);
    list.open();
    expect(await (await reading).json()).toContain('c');
    // nothing is pending any more
    expect(await (await get('', position)).json()).toContain('c');
  });

  it('works for projections of another store', async () => {
    const response = await post('d/several');
    const position = response.headers.get(`${HEADER}-billing`) ?? '';
    const read = await fetch(`${url}/billed`, { headers: { [`${HEADER}-billing`]: position } });
    expect(await read.json()).toContain('d');
  });

  it('names the position also when the handler throws afterwards, or writes the response itself', async () => {
    const refused = await post('e/refused');
    expect([refused.status, refused.headers.get(HEADER)]).toEqual([409, await end()]);
    const own = await post('f/own');
    expect([own.status, await own.text(), own.headers.get(HEADER)]).toEqual([202, 'own', await end()]);
  });

  it('names the first position when a command or a unit of work is repeated', async () => {
    for (const path of ['g', 'h/unit']) {
      const first = (await post(path)).headers.get(HEADER);
      expect(first).toBe(await end());
      await store.append('order/other', [new Placed()]);
      expect((await post(path)).headers.get(HEADER)).toBe(first);
    }
  });

  it('names no position where nothing was appended', async () => {
    for (const response of [await post('echo/body'), await get('/stale', null)])
      expect(response.headers.has(HEADER)).toBe(false);
  });

  it('does not mix up requests at the same time', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    const responses = await Promise.all(ids.map(post));
    for (const [index, response] of responses.entries()) {
      const { position } = (await store.status(streamName('order', ids[index] as string), {
        consistency: 'leader',
      })) as { position: string };
      expect(response.headers.get(HEADER)).toBe(position);
    }
  });

  it('does not wait without the header', async () => {
    list.close();
    await post('i');
    const response = await fetch(url);
    expect([response.status, ((await response.json()) as string[]).includes('i')]).toEqual([200, false]);
  });

  it('refuses a header that is no position with 400', async () => {
    for (const wrong of ['', '12', 'x', '1.0, 2.0']) {
      const response = await get('', wrong);
      expect(response.status).toBe(400);
      expect(((await response.json()) as { message: string }).message).toContain(HEADER);
    }
  });

  it('answers 503 with Retry-After when the projection does not get there in time', async () => {
    list.close();
    const position = (await post('j')).headers.get(HEADER);
    const response = await get('/quick', position);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(((await response.json()) as { message: string }).message).toContain('order-list');
  });

  it('does not run the handler, and waits no longer, when the client goes away', async () => {
    list.close();
    const position = (await post('k')).headers.get(HEADER);
    const controller = app.get(OrdersController);
    const { listed } = controller;
    const waitFor: Projections['waitFor'] = Reflect.get(Projections.prototype, 'waitFor');
    const client = new AbortController();
    const ended = new Promise<unknown>((resolve) => {
      Projections.prototype.waitFor = async function leave(...args) {
        client.abort();
        return waitFor.apply(this, args).catch((error: unknown) => {
          resolve(error);
          throw error;
        });
      };
    });
    try {
      const reading = get('', position, { signal: client.signal });
      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
      expect(await ended).toMatchObject({ name: 'AbortError' });
    } finally {
      Projections.prototype.waitFor = waitFor;
    }
    expect(controller.listed).toBe(listed);
  });

  it('answers 503 without Retry-After when the projection does not run', async () => {
    const projections = app.get(Projections);
    await projections.stop();
    const position = (await post('l')).headers.get(HEADER);
    const response = await get('', position);
    expect([response.status, response.headers.has('retry-after')]).toEqual([503, false]);
    await projections.start();
    expect(await (await get('', position)).json()).toContain('l');
  });
});

describe('@WaitForProjection', () => {
  it('refuses options that cannot work, and no projection', () => {
    expect(() => WaitForProjection('order-list', { timeoutMs: 0 })).toThrow('timeoutMs must be');
    expect(() => WaitForProjection('order-list', { timeout: 1 } as never)).toThrow('timeout must be one of');
    expect(() => WaitForProjection([])).toThrow('projections must be one or more projections');
  });

  it.each([
    ['order-lst', undefined, { code: 'unknown-projection', projection: 'order-lst' }],
    ['order-list', 'biling', { code: 'invalid-option', given: 'biling' }],
  ])('is for projections and stores that exist, not %s of %s', async (projection, eventStore, error) => {
    class Base {
      @Get()
      @WaitForProjection(projection, { eventStore })
      all(): void {}
    }
    @Controller('typo')
    class TypoController extends Base {}

    const module = await Test.createTestingModule({
      imports: [storeModule()],
      controllers: [TypoController],
      providers: [OrderList],
    }).compile();
    await expect(module.init()).rejects.toMatchObject(error);
  });

  it('does nothing outside of HTTP', async () => {
    const interceptor = new ReadYourWritesInterceptor({} as never);
    const context = { getType: () => 'rpc' } as ExecutionContext;
    const handled = await interceptor.intercept(context, { handle: () => of('handled') });
    expect(await lastValueFrom(handled)).toBe('handled');
  });

  it('takes the name of the header and the time from the module, the route’s own first', async () => {
    @Controller('named')
    @WaitForProjection('order-list', { timeoutMs: 60_000 })
    class NamedController {
      @Get()
      @WaitForProjection('order-list')
      all(): void {}
    }
    const module = await Test.createTestingModule({
      imports: [storeModule({ readYourWrites: { header: 'X-Shop-Position', timeoutMs: 10 } })],
      controllers: [NamedController],
      providers: [OrderList],
    }).compile();
    const app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    const headers = { 'x-SHOP-position': '99.0' };
    const response = await fetch(`${await app.getUrl()}/named`, { headers });
    expect([response.status, await response.text()]).toEqual([
      503,
      expect.stringContaining('did not come within 10 ms'),
    ]);
    await app.close();
    const wrong = storeModule({ servers: 'nats://127.0.0.1:1', readYourWrites: { header: 'two words' } });
    await expect(Test.createTestingModule({ imports: [wrong] }).compile()).rejects.toThrow(
      'readYourWrites.header',
    );
  });
});

describe('the positions appended in a context', () => {
  it('are noted in all contexts around an append, the highest for each store, outside of HTTP too', async () => {
    await using store = inMemoryEventStore({ events: [Placed] });
    const [outer, inner, other] = [new AppendedPositions(), new AppendedPositions(), new AppendedPositions()];
    const last = await trackAppends(outer, async () => {
      await trackAppends(inner, async () => store.append('order/1', [new Placed(), new Placed()]));
      const { entries } = await store.transact([
        { stream: 'order/2', events: [new Placed()] },
        { stream: 'order/1', expect: 2 },
      ]);
      await store.append('order/1', [], { expect: 2 });
      return entries[0]?.position;
    });
    await trackAppends(other, async () => store.status('order/1'));
    const highest = [outer, inner, other].map((appended) => appended.in(store.identity));
    expect(highest).toEqual([last, '1.1', undefined]);
    expect(outer.in('another store')).toBeUndefined();
  });
});
