import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { AggregateRoot } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Event, EventSourced, EventStore, Projections, type Repository } from 'jetsource';
import { InjectRepository, JetsourceModule, type JetsourceModuleOptions } from 'jetsource/nestjs';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';

@Event('Counted')
class Counted {}

@EventSourced('counter')
class Counter extends AggregateRoot {
  count = 0;

  constructor(readonly id: string) {
    super();
  }

  increase(): void {
    this.apply(new Counted());
  }

  onCounted(): void {
    this.count += 1;
  }
}

class Undecorated extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }
}

@Injectable()
class Counters {
  constructor(@InjectRepository(Counter) readonly repository: Repository<Counter>) {}
}

function options(): JetsourceModuleOptions {
  return { servers: sharedServerUrl(), name: uniqueStoreName(), events: [Counted] };
}

const open: TestingModule[] = [];

async function start(module: ReturnType<typeof JetsourceModule.forRoot>): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [module, JetsourceModule.forFeature([Counter])],
    providers: [Counters],
  }).compile();
  open.push(app);
  return app.init();
}

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (app) => app.close()));
});

describe('JetsourceModule', () => {
  it('provides the store everywhere and the repositories of a feature', async () => {
    const app = await start(JetsourceModule.forRoot(options()));
    const { repository } = app.get(Counters);
    await repository.create('a', (counter) => counter.increase());
    const { version } = await repository.update('a', (counter) => counter.increase());
    expect(version).toBe(2);
    expect((await repository.load('a')).count).toBe(2);
    expect(app.get(EventStore)).toBeInstanceOf(EventStore);
  });

  it('takes its options from a factory', async () => {
    const given = options();
    const app = await start(JetsourceModule.forRootAsync({ useFactory: () => given }));
    expect(app.get(EventStore).name).toBe(given.name);
  });

  it('starts the projections with the application and stops them before it ends', async () => {
    const counted: number[] = [];
    const projection = defineProjection({
      name: 'counted',
      categories: ['counter'],
      store: inMemoryProjectionStore({}),
      clear: async () => undefined,
      events: { Counted },
      on: { Counted: ({ version }) => void counted.push(version) },
    });
    const app = await start(JetsourceModule.forRoot({ ...options(), projections: [projection] }));
    const projections = app.get(Projections);
    const { position } = await app.get(Counters).repository.create('a', (counter) => counter.increase());
    await projections.waitFor('counted', position as NonNullable<typeof position>);
    expect(counted).toEqual([1]);

    await app.close();
    expect(projections.status()).toMatchObject([{ state: 'stopped' }]);
    await expect(app.get(EventStore).lastSequence()).rejects.toMatchObject({ code: 'connection-closed' });
  });

  it.each([
    [{}, 'projections must be a list of what defineProjection(…) returned; given: Object'],
    [[{ name: 'counted' }], 'projections[0] must be what defineProjection(…) returned; given: Object'],
  ])('refuses projections that are none before it connects: %j', async (projections, message) => {
    const wrong = { ...options(), servers: 'nats://127.0.0.1:1', projections: projections as never };
    await expect(start(JetsourceModule.forRoot(wrong))).rejects.toMatchObject({
      code: 'invalid-option',
      message,
    });
  });

  it('fails to start, with the reason, when no server is there', async () => {
    const starting = start(JetsourceModule.forRoot({ ...options(), servers: 'nats://127.0.0.1:1' }));
    await expect(starting).rejects.toMatchObject({ code: 'nats' });
  });

  it('refuses an aggregate class without a category, and names it', () => {
    expect(() => JetsourceModule.forFeature([Undecorated])).toThrow('Undecorated');
  });
});
