import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { AggregateRoot } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Event, EventSourced, EventStore, Projections, type Repository } from 'jetsource';
import {
  InjectEventStore,
  InjectProjections,
  InjectRepository,
  JetsourceModule,
  type JetsourceModuleOptions,
} from 'jetsource/nestjs';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';

@Event('Counted')
class Counted {}

@EventSourced('counter')
class Counter extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }

  increase(): void {
    this.apply(new Counted());
  }
}

@Injectable()
class Counters {
  constructor(
    readonly store: EventStore,
    @InjectRepository(Counter) readonly repository: Repository<Counter>,
    @InjectEventStore('billing') readonly billing: EventStore,
    @InjectRepository(Counter, 'billing') readonly billed: Repository<Counter>,
    @InjectProjections('billing') readonly projections: Projections,
  ) {}
}

function options(): JetsourceModuleOptions {
  return { servers: sharedServerUrl(), name: uniqueStoreName(), events: [Counted] };
}

const open: TestingModule[] = [];

async function start(...imports: ReturnType<typeof JetsourceModule.forRoot>[]): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [
      ...imports,
      JetsourceModule.forFeature([Counter]),
      JetsourceModule.forFeature([Counter], 'billing'),
    ],
    providers: [Counters],
  }).compile();
  open.push(app);
  return app.init();
}

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (app) => app.close()));
});

describe('two stores in one application', () => {
  it('are distinguished by an alias, and share nothing', async () => {
    const [shop, billing] = [options(), options()];
    const app = await start(
      JetsourceModule.forRoot(shop),
      JetsourceModule.forRootAsync({ alias: 'billing', useFactory: () => billing }),
    );
    const counters = app.get(Counters);
    expect([counters.store.name, counters.billing.name]).toEqual([shop.name, billing.name]);

    await counters.repository.create('a', (counter) => counter.increase());
    await counters.billed.create('b', (counter) => counter.increase());
    expect(await counters.billed.find('a')).toBeUndefined();
    expect(await counters.repository.find('b')).toBeUndefined();
    expect(await counters.billing.lastSequence()).toBe(1);
    expect(counters.projections).toBeInstanceOf(Projections);
    expect(counters.projections).not.toBe(app.get(Projections));
  });

  it('are both closed with the application', async () => {
    const app = await start(
      JetsourceModule.forRoot(options()),
      JetsourceModule.forRoot({ ...options(), alias: 'billing' }),
    );
    const { store, billing } = app.get(Counters);
    await app.close();
    for (const closed of [store, billing]) {
      await expect(closed.lastSequence()).rejects.toMatchObject({ code: 'connection-closed' });
    }
  });

  it.each([undefined, 'billing'])(
    'may not share the alias %s: injection could return either',
    async (alias) => {
      const module = Test.createTestingModule({
        imports: [
          JetsourceModule.forRoot({ ...options(), alias }),
          JetsourceModule.forRoot({ ...options(), alias }),
        ],
      });
      const starting = module.compile();
      await expect(starting).rejects.toMatchObject({ code: 'invalid-option', option: 'alias' });
    },
  );
});
