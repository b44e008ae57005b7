import 'reflect-metadata';
import { type DynamicModule, Injectable, Module, type Provider, Scope } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { PGlite } from '@electric-sql/pglite';
import { defineProjection, Event, EventStore, eventType, Projections, type RecordedEvent } from 'jetsource';
import {
  JetsourceModule,
  type JetsourceModuleOptions,
  LiveProjection,
  On,
  Projection,
  projectionsToken,
} from 'jetsource/nestjs';
import { pglite, type PGliteTransaction, postgresProjectionStore } from 'jetsource/postgres';
import { inMemoryEventStore, inMemoryProjectionStore } from 'jetsource/testing';
import { DeferredProjections } from '../../src/nestjs/projection/deferred-projections.js';
import { startReady } from '../../src/nestjs/projection/live-readiness.js';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';

@Event('Placed')
class Placed {
  constructor(readonly customer: string) {}
}

@Event('Shipped')
class Shipped {
  constructor(readonly carrier: string) {}
}

const Cancelled = eventType<'Cancelled', { reason: string }>({ name: 'Cancelled' });

@Event('Unknown')
class Unknown {}

class NotDeclared {}

@Injectable()
class Regions {
  of(customer: string): string {
    return customer === 'ada' ? 'north' : 'south';
  }
}

const REPORTING = Symbol('reporting database');

/** The rows of an order list. */
interface OrderRow {
  readonly state: string;
}

@Projection({
  name: 'order-list',
  categories: ['order'],
  store: REPORTING,
  table: 'order_list',
  key: (event) => event.stream.id,
})
class OrderList {
  @On(Placed)
  placed(): OrderRow {
    return { state: 'placed' };
  }

  @On(Shipped)
  shipped(row: OrderRow | undefined, event: RecordedEvent<Shipped>): OrderRow {
    return { ...row, state: `with ${event.data.carrier}` };
  }

  @On(Cancelled)
  cancelled(): undefined {
    return undefined;
  }
}

abstract class CustomerBase {
  constructor(protected readonly regions: Regions) {}

  @On(Placed)
  async placed({ data }: RecordedEvent<Placed>, tx: PGliteTransaction): Promise<void> {
    await tx.query('insert into customers values ($1, $2)', [data.customer, this.regions.of(data.customer)]);
  }

  async clear(tx: PGliteTransaction): Promise<void> {
    await tx.query('delete from customers');
  }
}

@Projection({ name: 'customers', categories: ['order'] })
class Customers extends CustomerBase {
  constructor(regions: Regions) {
    super(regions);
  }

  async setUp(tx: PGliteTransaction): Promise<void> {
    await tx.query('create table if not exists customers (name text, region text)');
  }

  @On(Cancelled, Shipped)
  async ended(event: RecordedEvent<{ reason: string } | Shipped>, tx: PGliteTransaction): Promise<void> {
    await tx.query('insert into customers values ($1, $2)', [event.type, 'ended']);
  }
}

@LiveProjection({ name: 'open-orders', categories: ['order'] })
class OpenOrders {
  readonly ids = new Set<string>();
  resets = 0;

  reset(): void {
    this.ids.clear();
    this.resets += 1;
  }

  @On(Placed)
  placed(event: RecordedEvent<Placed>): void {
    this.ids.add(event.stream.id);
  }

  @On(Shipped, Cancelled)
  ended(event: RecordedEvent): void {
    this.ids.delete(event.stream.id);
  }
}

@Module({ providers: [Customers, Regions] })
class CustomersModule {}

const open: TestingModule[] = [];
let db: PGlite;

beforeAll(async () => {
  db = await PGlite.create();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (app) => app.close()));
});

afterAll(async () => db.close());

interface App {
  readonly options?: Partial<JetsourceModuleOptions> & { readonly alias?: string };
  readonly imports?: readonly DynamicModule[];
  readonly providers?: readonly Provider[];
  readonly onError?: (message: string) => void;
}

function moduleOptions(options: App['options'] = {}): JetsourceModuleOptions & { alias?: string } {
  const events = [Placed, Shipped, Cancelled];
  return { servers: sharedServerUrl(), name: uniqueStoreName(), events, ...options };
}

async function start({ options, imports = [], providers = [], onError }: App): Promise<TestingModule> {
  const building = Test.createTestingModule({
    imports: [JetsourceModule.forRoot(moduleOptions(options)), ...imports],
    providers: [...providers],
  });
  const quiet = (): void => undefined;
  const error = (message: string): void => onError?.(message);
  if (onError !== undefined) building.setLogger({ log: quiet, warn: quiet, error });
  const app = await building.compile();
  await app.init();
  open.push(app);
  return app;
}

/** The error that keeps an application with these classes from starting. */
async function refusal(providers: readonly Provider[], options: App['options'] = {}): Promise<Error> {
  const projectionStore = inMemoryProjectionStore({});
  const app = start({ options: { projectionStore, ...options }, providers });
  return app.then(
    () => new TypeError('it started'),
    (error: unknown) => error as Error,
  );
}

describe('classes with @Projection', () => {
  it('are found in all modules, and build their models in each style with injected dependencies', async () => {
    const reporting = inMemoryProjectionStore({});
    const app = await start({
      options: { projectionStore: postgresProjectionStore(pglite(db)) },
      imports: [{ module: CustomersModule }],
      providers: [OrderList, OpenOrders, { provide: REPORTING, useFactory: async () => reporting }],
    });
    const [store, projections] = [app.get(EventStore), app.get(Projections)];
    await store.append('order/1', [new Placed('ada')]);
    await store.append('order/2', [new Placed('bob'), new Shipped('dhl')]);
    const cancelled = [new Placed('eve'), Cancelled.create({ reason: 'late' })];
    const { position } = await store.append('order/3', cancelled);
    for (const name of ['order-list', 'customers', 'open-orders']) await projections.waitFor(name, position);

    expect([...reporting.table('order_list').values()]).toEqual([
      { id: '1', state: 'placed' },
      { id: '2', state: 'with dhl' },
    ]);
    expect((await db.query('select * from customers')).rows).toEqual([
      { name: 'ada', region: 'north' },
      { name: 'bob', region: 'south' },
      { name: 'Shipped', region: 'ended' },
      { name: 'eve', region: 'south' },
      { name: 'Cancelled', region: 'ended' },
    ]);
    expect([...app.get(OpenOrders).ids]).toEqual(['1']);
  });

  it('run beside definitions of the module, and are rebuilt by name', async () => {
    const projectionStore = inMemoryProjectionStore({});
    const listed = defineProjection({
      name: 'listed',
      store: projectionStore,
      clear: async () => undefined,
      events: { Placed },
      on: { Placed: () => undefined },
    });
    const app = await start({ options: { projections: [listed] }, providers: [OpenOrders] });
    const projections = app.get(Projections);
    expect(projections.status().map(({ name }) => name)).toEqual(['listed', 'open-orders']);
    const { position } = await app.get(EventStore).append('order/1', [new Placed('ada')]);
    await projections.waitFor('open-orders', position);
    const orders = app.get(OpenOrders);
    const { resets } = orders;
    await projections.rebuild('open-orders');
    expect(orders.resets).toBeGreaterThan(resets);
    expect([...orders.ids]).toEqual(['1']);
  });

  it('may be made by a factory, and have one instance under several tokens', async () => {
    const made = new OpenOrders();
    const app = await start({
      providers: [
        { provide: OpenOrders, useFactory: () => made },
        { provide: 'orders', useExisting: OpenOrders },
      ],
    });
    const { position } = await app.get(EventStore).append('order/1', [new Placed('ada')]);
    await app.get(Projections).waitFor('open-orders', position);
    expect([...made.ids]).toEqual(['1']);
  });

  it('belong to the event store that they name', async () => {
    @LiveProjection({ name: 'billed', eventStore: 'billing' })
    class Billed extends OpenOrders {}

    const app = await start({
      imports: [JetsourceModule.forRoot(moduleOptions({ alias: 'billing' }))],
      providers: [OpenOrders, Billed],
    });
    const names = (projections: Projections): string[] => projections.status().map(({ name }) => name);
    expect(names(app.get(Projections))).toEqual(['open-orders']);
    expect(names(app.get(projectionsToken('billing') as string))).toEqual(['billed']);
    expect(await refusal([Billed])).toMatchObject({
      code: 'projection-class',
      className: 'Billed',
      message: expect.stringContaining('provides an event store with the alias billing') as string,
    });
  });

  it('handle what a subclass says again of a method, and find overridden methods', async () => {
    const handled: string[] = [];

    @LiveProjection({ name: 'sub' })
    class Sub extends OpenOrders {
      @On(Cancelled)
      override ended(event: RecordedEvent): void {
        handled.push(event.type);
      }

      override placed(event: RecordedEvent<Placed>): void {
        handled.push(event.data.customer);
      }
    }
    const app = await start({ providers: [Sub] });
    const events = [new Placed('ada'), new Shipped('dhl'), Cancelled.create({ reason: 'late' })];
    const { position } = await app.get(EventStore).append('order/1', events);
    await app.get(Projections).waitFor('sub', position);
    expect(handled).toEqual(['ada', 'Cancelled']);
  });
});

describe('the start of an application', () => {
  it('ends when live models hold all that was stored', async () => {
    const options = moduleOptions();
    const first = await start({ options });
    const store = first.get(EventStore);
    for (let id = 1; id <= 300; id += 1) await store.append(`order/${id}`, [new Placed('ada')]);
    await first.close();
    const app = await start({ options, providers: [OpenOrders] });
    expect(app.get(OpenOrders).ids.size).toBe(300);
  });

  it('fails when a live model cannot be built, and leaves no connection open', async () => {
    @LiveProjection({ name: 'broken' })
    class Broken extends OpenOrders {
      override placed(): void {
        throw new TypeError('no place');
      }
    }
    const options = moduleOptions();
    const first = await start({ options });
    await first.get(EventStore).append('order/1', [new Placed('ada')]);
    await first.close();
    const app = await Test.createTestingModule({
      imports: [JetsourceModule.forRoot(options)],
      providers: [Broken],
    })
      .setLogger(false as never)
      .compile();
    await expect(app.init()).rejects.toMatchObject({ code: 'projection-failed', projection: 'broken' });
    await expect(app.get(EventStore).lastSequence()).rejects.toMatchObject({ code: 'connection-closed' });
  });

  it('goes on when a stored projection fails, which is logged as an error', async () => {
    @Projection({ name: 'failing', onFailure: { maxAttempts: 1 } })
    class Failing {
      async clear(): Promise<void> {}

      @On(Placed)
      placed(): void {
        throw new TypeError('no place');
      }
    }
    const options = moduleOptions({ projectionStore: inMemoryProjectionStore({}) });
    const first = await start({ options });
    await first.get(EventStore).append('order/1', [new Placed('ada')]);
    await first.close();
    const messages: string[] = [];
    const app = await start({ options, providers: [Failing], onError: (message) => messages.push(message) });
    const waiting = app.get(Projections).waitUntilLive();
    await expect(waiting).rejects.toMatchObject({ code: 'projection-failed' });
    expect(messages).toContainEqual(expect.stringContaining('projection failing (version 1) stopped'));
  });

  const projectionStore = inMemoryProjectionStore({});
  class Clears {
    async clear(): Promise<void> {}

    @On(Placed)
    placed(): void {}
  }

  it.each<[title: string, make: () => Provider[], message: string]>([
    [
      'has no database',
      () => {
        @Projection({ name: 'a' })
        class A extends Clears {}
        return [A, { provide: 'none', useValue: 1 }];
      },
      'it has no database; give its option store, or projectionStore of JetsourceModule.forRoot',
    ],
    [
      'names a database that nobody provides',
      () => {
        @Projection({ name: 'a', store: REPORTING })
        class A extends Clears {}
        return [A];
      },
      'its database Symbol(reporting database) is provided by no module',
    ],
    [
      'is scoped to requests',
      () => {
        @Injectable({ scope: Scope.REQUEST })
        @Projection({ name: 'a', store: projectionStore })
        class A extends Clears {}
        return [A];
      },
      'it is scoped to requests',
    ],
    [
      'is transient',
      () => {
        @Injectable({ scope: Scope.TRANSIENT })
        @Projection({ name: 'a', store: projectionStore })
        class A extends Clears {}
        return [A];
      },
      'it is scoped to requests, or transient',
    ],
    [
      'injects what is scoped to requests',
      () => {
        @Injectable({ scope: Scope.REQUEST })
        class Tenant {}

        @Projection({ name: 'a', store: projectionStore })
        class A extends Clears {
          constructor(readonly tenant: Tenant) {
            super();
          }
        }
        return [Tenant, A];
      },
      'as are providers that it injects',
    ],
    [
      'handles nothing',
      () => {
        @Projection({ name: 'a', store: projectionStore })
        class A {
          async clear(): Promise<void> {}
        }
        return [A];
      },
      'it handles no event',
    ],
    [
      'is not decorated itself',
      () => {
        class A extends OrderList {}
        return [A];
      },
      'it has methods with @On, but is not decorated itself',
    ],
    [
      'handles one event type twice',
      () => {
        @Projection({ name: 'a', store: projectionStore })
        class A extends Clears {
          @On(Shipped, Placed)
          also(): void {}
        }
        return [A];
      },
      'Placed is handled by two methods, placed and also',
    ],
    [
      'handles an event type that the store does not know',
      () => {
        @Projection({ name: 'a', store: projectionStore })
        class A extends Clears {
          @On(Unknown)
          unknown(): void {}
        }
        return [A];
      },
      'event class Unknown is not registered',
    ],
    [
      'handles a class that is no event type',
      () => {
        @Projection({ name: 'a', store: projectionStore })
        class A extends Clears {
          @On(NotDeclared)
          unknown(): void {}
        }
        return [A];
      },
      'class NotDeclared has no event type',
    ],
    [
      'has no clear()',
      () => {
        @((Projection as (options: object) => ClassDecorator)({ name: 'a', store: projectionStore }))
        class A {
          @On(Placed)
          placed(): void {}
        }
        return [A];
      },
      'it has no method clear()',
    ],
    [
      'has no reset()',
      () => {
        @((LiveProjection as (options: object) => ClassDecorator)({ name: 'a' }))
        class A extends Clears {}
        return [A];
      },
      'it has no method reset()',
    ],
    [
      'has an option that does not exist',
      () => {
        @((LiveProjection as (options: object) => ClassDecorator)({ name: 'a', categry: ['order'] }))
        class A extends OpenOrders {}
        return [A];
      },
      'projection.categry must be one of',
    ],
  ])('fails when a class %s', async (_, make, message) => {
    const error = await refusal(make(), { projectionStore: undefined });
    expect(error).toMatchObject({ code: 'projection-class' });
    expect(error.message).toMatch(/^projection class A: /);
    expect(error.message).toContain(message);
  });

  it('fails when two classes have the same name and version, and names both', async () => {
    @Projection({ name: 'orders' })
    class One extends Clears {}
    @Projection({ name: 'orders', version: 1 })
    class Two extends Clears {}
    @Projection({ name: 'orders', version: 2 })
    class Next extends Clears {}

    const { message } = await refusal([One, Next, Two]);
    expect(message).toContain('projection orders (version 1)');
    expect(message).toMatch(/Two of RootTestModule and One of RootTestModule/);
    const app = await start({
      options: { projectionStore: inMemoryProjectionStore({}) },
      providers: [One, Next],
    });
    expect(app.get(Projections).status()).toHaveLength(2);
  });

  it('fails at options of the module that cannot work, before it connects', async () => {
    const fail = async (options: object): Promise<Error> =>
      refusal([], { servers: 'nats://127.0.0.1:1', ...options });
    expect((await fail({ liveTimeoutMs: 0 })).message).toContain('liveTimeoutMs must be');
    expect((await fail({ projectionStore: {} })).message).toContain(
      'projectionStore must be a ProjectionStore',
    );
  });
});

describe('@On', () => {
  it('refuses what is no event type, nothing, and what is no method, when the class is defined', () => {
    const on = On as (...events: unknown[]) => PropertyDecorator & MethodDecorator;
    class Here {
      method(): void {}
    }
    const method = Object.getOwnPropertyDescriptor(Here.prototype, 'method') as PropertyDescriptor;
    const decorate =
      (...events: unknown[]) =>
      () =>
        on(...events)(Here.prototype, 'method', method);
    expect(decorate(undefined)).toThrow('projection class Here: @On of method is given undefined');
    expect(decorate('Placed')).toThrow('is no event class');
    expect(decorate()).toThrow('names no event type');
    expect(() => on(Placed)(Here.prototype, 'field')).toThrow('@On of field is not on a method');
    expect(() => on(Placed)(Here, 'method', method)).toThrow('belongs on methods of instances');
  });
});

describe('a live model', () => {
  it('that is late ends the start with an error that names it and the option', async () => {
    await using store = inMemoryEventStore({ events: [Placed] });
    // a log that does not come to its end
    store.follow = async function* follow({ signal }) {
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      yield* [];
    };
    const slow = defineProjection({
      name: 'slow',
      initial: () => ({}),
      events: { Placed },
      on: { Placed: () => undefined },
    });
    await using projections = new Projections(store, [slow]);
    await expect(startReady(projections, [slow], 50)).rejects.toMatchObject({
      code: 'wait-timeout',
      message: expect.stringMatching(
        /slow \(version 1\).*catching-up at the beginning.*liveTimeoutMs/,
      ) as string,
    });
  });

  it('does not take an async method', async () => {
    @LiveProjection({ name: 'async' })
    class Async {
      reset(): void {}

      @On(Placed)
      async placed(): Promise<void> {}
    }
    const app = await start({ providers: [Async], onError: () => undefined });
    const { position } = await app.get(EventStore).append('order/1', [new Placed('ada')]);
    await expect(app.get(Projections).waitFor('async', position)).rejects.toMatchObject({
      code: 'projection-failed',
      message: expect.stringContaining('a method that is not async') as string,
    });
  });
});

describe('what stands for the projections until all providers exist', () => {
  it('is their class to injection, is awaited as itself, and refuses calls until they are open', async () => {
    await using store = inMemoryEventStore({ events: [Placed] });
    const definition = defineProjection({
      name: 'listed',
      initial: () => ({}),
      events: { Placed },
      on: { Placed: () => undefined },
    });
    const deferred = new DeferredProjections(store, () => [definition]);
    const injected = await Promise.resolve(deferred.projections);
    expect(injected).toBeInstanceOf(Projections);
    expect(() => injected.status()).toThrow('used when the application has been initialized');
    deferred.open();
    expect(injected.status('listed').state).toBe('idle');
  });
});
