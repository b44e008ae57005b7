import 'reflect-metadata';
import { Controller, type INestApplication, Param, Post } from '@nestjs/common';
import { AggregateRoot, CommandBus, CommandHandler, CqrsModule, type ICommandHandler } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import {
  Event,
  EventSourced,
  EventStore,
  type RecordedEvent,
  type Repository,
  runWithMetadata,
  streamName,
} from 'jetsource';
import { InjectRepository, JetsourceModule } from 'jetsource/nestjs';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect } from '../support/collect.js';

@Event('Shipped')
class Shipped {}

@EventSourced('order')
class Order extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }

  ship(): void {
    this.apply(new Shipped());
  }
}

class ShipOrder {
  constructor(
    readonly id: string,
    readonly correlationId?: string,
  ) {}
}

@CommandHandler(ShipOrder)
class ShipOrderHandler implements ICommandHandler<ShipOrder> {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  async execute({ id, correlationId }: ShipOrder): Promise<void> {
    const metadata = { correlationId };
    await this.orders.create(id, (order) => order.ship(), { commandId: `ship ${id}`, metadata });
  }
}

@Controller('orders')
class OrdersController {
  constructor(private readonly commands: CommandBus) {}

  @Post(':id/ship')
  async ship(@Param('id') id: string): Promise<void> {
    await this.commands.execute(new ShipOrder(id));
  }

  @Post(':id/ship-for/:correlation')
  async shipFor(@Param('id') id: string, @Param('correlation') correlation: string): Promise<void> {
    await this.commands.execute(new ShipOrder(id, correlation));
  }
}

describe('the correlation of a request’s effects', () => {
  let app: INestApplication;
  let store: EventStore;
  let url: string;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [
        CqrsModule.forRoot(),
        JetsourceModule.forRoot({ servers: sharedServerUrl(), name: uniqueStoreName(), events: [Shipped] }),
        JetsourceModule.forRoot({
          alias: 'other',
          servers: sharedServerUrl(),
          name: uniqueStoreName(),
          events: [Shipped],
        }),
        JetsourceModule.forFeature([Order]),
      ],
      controllers: [OrdersController],
      providers: [ShipOrderHandler],
    }).compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    store = app.get(EventStore);
  });

  afterAll(async () => app.close());

  async function post(path: string, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(`${url}/orders/${path}`, { method: 'POST', headers });
    expect(response.status).toBe(201);
    return response;
  }

  async function eventOf(id: string): Promise<RecordedEvent | undefined> {
    return (await collect(store.read(streamName('order', id), { consistency: 'leader' })))[0];
  }

  it('is passed from the HTTP request through the command to the events, and to their effects', async () => {
    const response = await post('1/ship', { 'x-correlation-id': 'checkout-7' });
    expect(response.headers.get('x-correlation-id')).toBe('checkout-7');
    const shipped = await eventOf('1');
    expect(shipped?.metadata).toMatchObject({ correlationId: 'checkout-7', causationId: 'ship 1' });

    const mailed = streamName('mail', '1');
    const subscription = store.subscribe({
      onEvent: async (event) => {
        if (event.stream.id !== '1' || event.stream.category !== 'order') return;
        await store.append(mailed, [new Shipped()], { commandId: `mail ${event.id}` });
        void subscription.stop();
      },
    });
    await subscription.closed;
    const [mail] = await collect(store.read(mailed));
    expect(mail?.metadata).toMatchObject({ correlationId: 'checkout-7', causationId: shipped?.id });
  });

  it('is that of x-request-id where there is no other, and a new one where there is none', async () => {
    await post('2/ship', { 'x-request-id': 'req-2' });
    expect((await eventOf('2'))?.metadata.correlationId).toBe('req-2');

    const first = (await post('3/ship')).headers.get('x-correlation-id');
    const second = (await post('4/ship')).headers.get('x-correlation-id');
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(first).not.toBe(second);
    expect((await eventOf('3'))?.metadata.correlationId).toBe(first);
    expect((await eventOf('4'))?.metadata.correlationId).toBe(second);
  });

  it('is a new one if a client sends an invalid id', async () => {
    for (const [id, sent] of [
      ['5', 'two words'],
      ['6', 'x'.repeat(201)],
    ] as const) {
      await post(`${id}/ship`, { 'x-correlation-id': sent });
      expect((await eventOf(id))?.metadata.correlationId).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('is that of the command if it has one', async () => {
    await post('7/ship-for/batch-1', { 'x-correlation-id': 'checkout-7' });
    expect((await eventOf('7'))?.metadata.correlationId).toBe('batch-1');
  });

  it('does not leak from one request into another at the same time', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    await Promise.all(ids.map(async (id) => post(`${id}/ship`, { 'x-correlation-id': `of-${id}` })));
    for (const id of ids) expect((await eventOf(id))?.metadata.correlationId).toBe(`of-${id}`);
  });

  it('is refused where JSON cannot hold it, before the work begins', () => {
    const work = (): never => {
      throw new TypeError('it began');
    };
    expect(() => runWithMetadata({ at: new Date() as never }, work)).toThrow('metadata.at is a Date');
  });
});
