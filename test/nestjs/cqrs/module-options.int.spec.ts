import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { CommandHandler, EventBus, EventsHandler } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Event, EventStore, Projections } from 'jetsource';
import { DurableEventBus, JetsourceCqrsModule, type JetsourceCqrsOptions, Reactor } from 'jetsource/cqrs';
import { JetsourceModule, type JetsourceModuleOptions } from 'jetsource/nestjs';
import { defineProjection } from '../../../src/projection/definition/define-projection.js';
import { inMemoryProjectionStore } from '../../../src/testing/in-memory/in-memory-projection-store.js';
import { sharedServerUrl, uniqueStoreName } from '../../shared-server.js';
import { until } from '../../support/collect.js';
import { Lines } from './bus-app.js';

@Event('Told')
class Told {
  constructor(readonly text: string) {}
}

@Injectable()
class Seen {
  readonly texts: string[] = [];
}

@Reactor({ name: 'told' })
@EventsHandler(Told)
class ToldHandler {
  constructor(private readonly seen: Seen) {}

  handle({ text }: Told): void {
    this.seen.texts.push(text);
  }
}

const open: TestingModule[] = [];

async function start(imports: (DynamicModule | (new () => object))[]): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports, providers: [Seen, ToldHandler] })
    .setLogger(new Lines())
    .compile();
  open.push(app);
  return app.init();
}

function storeOptions(): JetsourceModuleOptions {
  return { servers: sharedServerUrl(), name: uniqueStoreName(), events: [Told] };
}

/** What its handler gets of an event. */
async function handledBy(app: TestingModule): Promise<string[]> {
  await app.get(EventBus).publish(new Told('one'));
  await until('it is handled', () => app.get(Seen).texts.length === 1);
  return app.get(Seen).texts;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (app) => app.close()));
});

describe('JetsourceCqrsModule.forRootAsync', () => {
  it('takes options from a factory, which is called once', async () => {
    @Module({ providers: [{ provide: 'settings', useFactory: () => storeOptions() }], exports: ['settings'] })
    class Settings {}
    let calls = 0;
    const app = await start([
      JetsourceCqrsModule.forRootAsync({
        imports: [Settings],
        inject: ['settings'],
        useFactory: async (settings: JetsourceCqrsOptions) => {
          calls += 1;
          return settings;
        },
      }),
    ]);
    expect(await handledBy(app)).toEqual(['one']);
    expect(calls).toBe(1);
  });

  it('takes options from a class, new or existing', async () => {
    @Injectable()
    class Settings {
      create(): JetsourceCqrsOptions {
        return storeOptions();
      }
    }
    expect(await handledBy(await start([JetsourceCqrsModule.forRootAsync({ useClass: Settings })]))).toEqual([
      'one',
    ]);

    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    const existing = { imports: [SettingsModule], useExisting: Settings };
    expect(await handledBy(await start([JetsourceCqrsModule.forRootAsync(existing)]))).toEqual(['one']);
  });

  it('uses the store of a JetsourceModule, beside its projections', async () => {
    const projection = defineProjection({
      name: 'count',
      store: inMemoryProjectionStore({}),
      clear: async () => undefined,
      events: { Told },
      on: { Told: () => undefined },
    });
    const app = await start([
      JetsourceModule.forRoot({ ...storeOptions(), projections: [projection] }),
      JetsourceCqrsModule.forRootAsync({ hasOwnStore: false, useFactory: () => ({ service: 'other' }) }),
    ]);
    expect(await handledBy(app)).toEqual(['one']);
    expect(app.get(DurableEventBus)).toBe(app.get(EventBus));
    const { position } = await app.get(EventStore).append('person/ada', [new Told('two')]);
    await app.get(Projections).waitFor('count', position);
    await until('it is handled', () => app.get(Seen).texts.length === 2);
  });

  it('refuses options of a store when it has none, and says where they belong', async () => {
    const bus = JetsourceCqrsModule.forRootAsync({
      hasOwnStore: false,
      useFactory: () => ({ events: [Told] }),
    });
    await expect(start([bus])).rejects.toMatchObject({
      code: 'invalid-option',
      option: 'events',
    });
  });
});

describe('JetsourceCqrsModule', () => {
  it('stands on a store with an alias', async () => {
    const app = await start([
      JetsourceModule.forRoot({ ...storeOptions(), alias: 'tales' }),
      JetsourceCqrsModule.forRoot({ alias: 'tales' }),
    ]);
    expect(await handledBy(app)).toEqual(['one']);

    const own = await start([JetsourceCqrsModule.forRoot({ ...storeOptions(), alias: 'tales' })]);
    expect(await handledBy(own)).toEqual(['one']);
    expect(own.get('EventStore(tales)', { strict: false })).toBeInstanceOf(EventStore);
  });

  it('gives its buses to all modules when a feature module imports it', async () => {
    @Module({ imports: [JetsourceCqrsModule.forRoot(storeOptions())] })
    class Feature {}
    expect(await handledBy(await start([Feature]))).toEqual(['one']);
  });

  it('may be imported without options by other modules', async () => {
    @Module({ imports: [JetsourceCqrsModule] })
    class Feature {}
    expect(await handledBy(await start([JetsourceCqrsModule.forRoot(storeOptions()), Feature]))).toEqual([
      'one',
    ]);
  });

  it('is refused twice in one application', async () => {
    const twice = [JetsourceCqrsModule.forRoot(storeOptions()), JetsourceCqrsModule.forRoot(storeOptions())];
    await expect(start(twice)).rejects.toThrow(/calls JetsourceCqrsModule.forRoot more than once/);
    const aliased = JetsourceCqrsModule.forRoot({ ...storeOptions(), alias: 'tales' });
    await expect(start([JetsourceCqrsModule.forRoot(storeOptions()), aliased])).rejects.toThrow(
      /more than once/,
    );
  });

  it('is refused with a store of its own beside JetsourceModule, unless one has an alias', async () => {
    const both = [JetsourceModule.forRoot(storeOptions()), JetsourceCqrsModule.forRoot(storeOptions())];
    for (const imports of [both, both.toReversed()])
      await expect(start(imports)).rejects.toThrow(/both open a store.*hasOwnStore: false.*alias/);
    const other = JetsourceModule.forRoot({ ...storeOptions(), alias: 'other' });
    expect(await handledBy(await start([other, JetsourceCqrsModule.forRoot(storeOptions())]))).toEqual([
      'one',
    ]);
  });

  it('is refused without any store', async () => {
    await expect(start([JetsourceCqrsModule.forRoot({})])).rejects.toThrow(
      /no JetsourceModule of the application provides a store/,
    );
    await expect(start([JetsourceCqrsModule.forRoot({ alias: 'tales' })])).rejects.toThrow(/alias tales/);
  });

  it.each([
    ['service', { service: '' }],
    ['names', { names: { ToldHandler: 1 } }],
    ['names', { names: null }],
    ['commands', { commands: { tell: 'Tell' } }],
    ['reactions', { reactions: null }],
    ['reactions.retries', { reactions: { retries: 3 } }],
    ['reactor.maxAttempts', { reactions: { maxAttempts: 0 } }],
    ['eventIdProvider', { eventIdProvider: { getEventId: () => 'id' } }],
    ['handlers', { handlers: [] }],
  ])('refuses %s that cannot work', async (option, given) => {
    const module = JetsourceCqrsModule.forRoot({ ...storeOptions(), ...given } as never);
    await expect(start([module])).rejects.toMatchObject({ code: 'invalid-option', option });
  });

  it('leaves command classes of one name alone where nothing stores commands', async () => {
    const [One, Other] = [class Tell {}, class Tell {}];

    @CommandHandler(One)
    class OneHandler {
      execute(): void {}
    }

    @CommandHandler(Other)
    class OtherHandler {
      execute(): void {}
    }

    @Module({ providers: [OneHandler, OtherHandler] })
    class Feature {}
    expect(await handledBy(await start([JetsourceCqrsModule.forRoot(storeOptions()), Feature]))).toEqual([
      'one',
    ]);
  });
});
