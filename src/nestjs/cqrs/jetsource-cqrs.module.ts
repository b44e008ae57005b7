import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  type InjectionToken,
  Logger,
  Module,
  type OptionalFactoryDependency,
  type Provider,
} from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import {
  CommandBus,
  CqrsModule,
  type CqrsModuleOptions,
  EventBus,
  EventPublisher,
  UnhandledExceptionBus,
} from '@nestjs/cqrs';
import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import { Reactors } from '../../reaction/reactor/reactors.js';
import type { Timers } from '../../reaction/timers/timers.js';
import { ReactorsHealthIndicator } from '../health/reactors-health-indicator.js';
import { JetsourceModule } from '../jetsource.module.js';
import { eventStoreToken, projectionsToken } from '../store-tokens.js';
import { checkPlace, requireStore } from './setup/check-place.js';
import { DurableEventPublisher } from './publish/durable-event-publisher.js';
import { CommandCodec, commandClasses } from './command/command-codec.js';
import { ServiceTimers } from './command/service-timers.js';
import { CommandTimers, openCommandTimers } from './command/command-timers.js';
import { CqrsLifecycle } from './cqrs-lifecycle.js';
import { DurableEventBus } from './publish/durable-event-bus.js';
import type { ServiceReactorsParts } from './service-reactors.js';
import {
  type JetsourceCqrsOptions,
  type ResolvedCqrsOptions,
  resolveCqrsOptions,
} from './jetsource-cqrs-options.js';

/** Options of the bus's place in the application, which `forRootAsync` takes beside its factory. */
interface BusPlace {
  /**
   * Whether the factory gives the options of a store. False where a `JetsourceModule` of the application provides
   * it.
   *
   * @default true
   */
  readonly hasOwnStore?: boolean | undefined;
  /** Alias of the store that keeps the events. @default none */
  readonly alias?: string | undefined;
}

/** The token of the timers; undefined where the option `timers` is not set. */
const TIMERS = Symbol('timers of JetsourceCqrsModule');
const STORE = Symbol('store of JetsourceCqrsModule');
const PARTS = Symbol('parts of JetsourceCqrsModule');
const OPTIONS = Symbol('options of JetsourceCqrsModule');
/** The token of the options, checked and sorted. */
const RESOLVED = Symbol('resolved options of JetsourceCqrsModule');

const { ConfigurableModuleClass, ASYNC_OPTIONS_TYPE } = new ConfigurableModuleBuilder<JetsourceCqrsOptions>({
  optionsInjectionToken: OPTIONS,
})
  .setClassMethodName('forRoot')
  .setExtras<BusPlace>({ hasOwnStore: true, alias: undefined }, (definition, place) => ({
    ...definition,
    providers: [...(definition.providers ?? []), resolvedOptions(place)],
    exports: [RESOLVED],
  }))
  .build();

/** Everything else depends on it: what is wrong leaves no connection open. */
function resolvedOptions({ hasOwnStore = true, alias }: BusPlace): Provider {
  return {
    provide: RESOLVED,
    inject: [OPTIONS, ModulesContainer],
    useFactory: (options: JetsourceCqrsOptions, modules: ModulesContainer) => {
      checkPlace(modules, { bus: RESOLVED, store: hasOwnStore ? eventStoreToken(alias) : undefined });
      return resolveCqrsOptions(options, { hasOwnStore });
    },
  };
}

/** The options of one {@link JetsourceCqrsModule}, for the modules that it is made of. */
@Module({})
class CqrsOptionsModule extends ConfigurableModuleClass {}

/**
 * Takes the place of `CqrsModule` of `@nestjs/cqrs`, with durable events: `EventBus.publish` and `commit()` of
 * aggregates store them and can be awaited, classes with `@EventsHandler` are durable reactors with a stable name
 * each, commands of sagas are stored before they are executed. Commands and queries stay as they are.
 *
 * It provides the event store as well; an application that has a `JetsourceModule` gives no `name` and no
 * `servers` here.
 *
 * @example
 * JetsourceCqrsModule.forRoot({
 *   servers: 'nats://127.0.0.1:4222',
 *   name: 'heroes',
 *   events: [HeroKilledDragon],
 *   names: { HeroKilledDragonHandler: 'hero-killed-dragon' },
 * })
 */
@Module({})
export class JetsourceCqrsModule {
  /** @throws {@link InvalidOptionError} when the application starts, for options that cannot work. */
  static forRoot({ alias, ...options }: JetsourceCqrsOptions & Pick<BusPlace, 'alias'>): DynamicModule {
    const hasOwnStore = options.name !== undefined || options.servers !== undefined;
    return assemble(CqrsOptionsModule.forRoot({ ...options, hasOwnStore }), { hasOwnStore, alias });
  }

  /** Like {@link forRoot}, with options that are injected. */
  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return assemble(CqrsOptionsModule.forRootAsync(options), options);
  }
}

function assemble(options: DynamicModule, { hasOwnStore = true, alias }: BusPlace): DynamicModule {
  return {
    module: JetsourceCqrsModule,
    global: true,
    imports: [options, ...(hasOwnStore ? [storeModule(options, alias)] : []), cqrsModule(options, alias)],
    providers: runningProviders(alias),
    exports: [CqrsModule, CommandTimers, Reactors, ReactorsHealthIndicator],
  };
}

function storeModule(options: DynamicModule, alias: string | undefined): DynamicModule {
  return JetsourceModule.forRootAsync({
    alias,
    imports: [options],
    inject: [RESOLVED],
    useFactory: ({ store }: ResolvedCqrsOptions) => store,
  });
}

/** The module of `@nestjs/cqrs` itself, with another event bus and publisher. */
function cqrsModule(options: DynamicModule, alias: string | undefined): DynamicModule {
  const module = CqrsModule.forRootAsync({
    imports: [options],
    inject: [RESOLVED],
    useFactory: ({ cqrs }: ResolvedCqrsOptions) => cqrs as CqrsModuleOptions,
  });
  const bus: Provider = {
    provide: EventBus,
    inject: [CommandBus, ModuleRef, UnhandledExceptionBus, RESOLVED, ownStore(alias)],
    useFactory: async (
      commandBus: CommandBus,
      moduleRef: ModuleRef,
      unhandledExceptions: UnhandledExceptionBus,
      { cqrs }: ResolvedCqrsOptions,
      found: JetStreamEventStore | undefined,
    ) => {
      const store = requireStore(found, alias);
      return new DurableEventBus({
        commandBus,
        moduleRef,
        unhandledExceptions,
        options: cqrs as CqrsModuleOptions,
        store,
        firstSequence: (await store.lastSequence()) + 1,
      });
    },
  };
  const publisher: Provider = {
    provide: EventPublisher,
    inject: [EventBus],
    useFactory: (eventBus: DurableEventBus) => new DurableEventPublisher(eventBus),
  };
  // the same under names whose types say what can be awaited
  const typed: Provider[] = [
    { provide: DurableEventBus, useExisting: EventBus },
    { provide: DurableEventPublisher, useExisting: EventPublisher },
  ];
  return {
    ...module,
    providers: [...(module.providers ?? []), bus, publisher, ...typed],
    exports: [...(module.exports ?? []), DurableEventBus, DurableEventPublisher],
  };
}

/** What runs while the application runs, and what of it can be injected. */
function runningProviders(alias: string | undefined): Provider[] {
  return [
    {
      provide: STORE,
      // wrong options are told first
      inject: [ownStore(alias), RESOLVED],
      useFactory: (found: JetStreamEventStore | undefined) => requireStore(found, alias),
    },
    {
      provide: TIMERS,
      inject: [STORE, RESOLVED],
      useFactory: async (store: JetStreamEventStore, { bus: { timers } }: ResolvedCqrsOptions) =>
        timers === true ? openCommandTimers(store, logger) : undefined,
    },
    {
      provide: CommandCodec,
      inject: [ModulesContainer, RESOLVED],
      useFactory: (modules: ModulesContainer, { bus: { commands } }: ResolvedCqrsOptions) =>
        new CommandCodec(() => commandClasses(modules, commands)),
    },
    {
      provide: CommandTimers,
      inject: [{ token: TIMERS, optional: true }, CommandCodec, STORE, RESOLVED],
      useFactory: (
        timers: Timers | undefined,
        codec: CommandCodec,
        store: JetStreamEventStore,
        { bus }: ResolvedCqrsOptions,
      ) => new CommandTimers(timers && new ServiceTimers(timers, bus.service ?? store.name), codec),
    },
    grouped(PARTS, {
      store: STORE,
      projections: { token: projectionsToken(alias), optional: true },
      bus: EventBus,
      commandBus: CommandBus,
      unhandledExceptions: UnhandledExceptionBus,
      moduleRef: ModuleRef,
      modules: ModulesContainer,
      codec: CommandCodec,
      timers: { token: TIMERS, optional: true },
    }),
    {
      provide: CqrsLifecycle,
      inject: [PARTS, RESOLVED],
      useFactory: (parts: Omit<ServiceReactorsParts, 'options'>, { bus: options }: ResolvedCqrsOptions) =>
        new CqrsLifecycle({
          ...parts,
          options: { ...options, service: options.service ?? parts.store.name },
        }),
    },
    {
      provide: Reactors,
      inject: [CqrsLifecycle],
      useFactory: ({ reactors }: CqrsLifecycle) => reactors,
    },
    {
      provide: ReactorsHealthIndicator,
      inject: [Reactors],
      useFactory: (reactors: Reactors) => new ReactorsHealthIndicator(reactors),
    },
  ];
}

/** The store, whose absence has an error of its own. */
function ownStore(alias: string | undefined): OptionalFactoryDependency {
  return { token: eventStoreToken(alias), optional: true };
}

/** A provider of several others, by name. */
function grouped(
  provide: symbol,
  tokens: Readonly<Record<string, InjectionToken | OptionalFactoryDependency>>,
): Provider {
  const names = Object.keys(tokens);
  return {
    provide,
    inject: Object.values(tokens),
    useFactory: (...values: unknown[]) =>
      Object.fromEntries(names.map((name, index) => [name, values[index]])),
  };
}

const logger = new Logger('Jetsource');
