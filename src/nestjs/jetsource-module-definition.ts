import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  type InjectionToken,
  Logger,
  type Provider,
} from '@nestjs/common';
import { APP_INTERCEPTOR, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { connectEventStore, type EventStoreOptions } from '../event-store/connect-event-store.js';
import type { EventStore } from '../event-store/event-store.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import type { Projections } from '../projection/projections.js';
import { CorrelationInterceptor } from './correlation.interceptor.js';
import { JetsourceHealthIndicator } from './health/jetsource-health-indicator.js';
import { checkWaits } from './http/check-waits.js';
import { ReadYourWritesInterceptor } from './http/read-your-writes.interceptor.js';
import { JetsourceLifecycle } from './jetsource-lifecycle.js';
import {
  type JetsourceModuleOptions,
  type ResolvedModuleOptions,
  resolveModuleOptions,
} from './jetsource-module-options.js';
import { DeferredProjections } from './projection/deferred-projections.js';
import { ProjectionExplorer } from './projection/projection-explorer.js';
import { eventStoreToken, healthIndicatorToken, projectionsToken } from './store-tokens.js';

/** Options of a store's place in the application, which `forRootAsync` takes beside its factory. */
interface StorePlace {
  /** Whether every module can inject the store. @default true */
  readonly isGlobal?: boolean | undefined;
  /**
   * Distinguishes the stores of an application: `@InjectEventStore('billing')`,
   * `@InjectProjections('billing')`, `forFeature([Invoice], 'billing')`.
   *
   * @default none: the store that is injected by the class `EventStore`
   */
  readonly alias?: string | undefined;
}

/** `forRoot` and `forRootAsync` as every Nest module has them. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<JetsourceModuleOptions>()
    .setClassMethodName('forRoot')
    .setExtras<StorePlace>({ isGlobal: true, alias: undefined }, withStore)
    .build();

/** The token of the module's options, checked and with their defaults; each module has its own. */
const RESOLVED = Symbol('resolved options of JetsourceModule');

function withStore(definition: DynamicModule, { isGlobal = true, alias }: StorePlace): DynamicModule {
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), ...storeProviders(alias), ...routeProviders(alias)],
    exports: [eventStoreToken(alias), projectionsToken(alias), healthIndicatorToken(alias)],
  };
}

function storeProviders(alias: string | undefined): Provider[] {
  const [store, projections] = [eventStoreToken(alias), projectionsToken(alias)];
  return [
    {
      provide: RESOLVED,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: JetsourceModuleOptions) => resolveModuleOptions(options, alias),
    },
    {
      provide: store,
      // resolved first: what is invalid leaves no connection open
      inject: [RESOLVED, ModulesContainer],
      useFactory: async (options: ResolvedModuleOptions, modules: ModulesContainer) => {
        checkIsOnly(store, modules, options.store);
        return connectEventStore({ onWarning: (warning) => logger.warn(warning), ...options.store });
      },
    },
    {
      provide: DeferredProjections,
      inject: [store, RESOLVED, ModulesContainer],
      useFactory: (
        eventStore: EventStore,
        { projections: listed, projectionStore }: ResolvedModuleOptions,
        modules: ModulesContainer,
      ) =>
        new DeferredProjections(eventStore, () => [
          ...listed,
          ...new ProjectionExplorer(modules).definitionsFor({ alias, eventStore, projectionStore }),
        ]),
    },
    {
      provide: projections,
      inject: [DeferredProjections],
      useFactory: (deferred: DeferredProjections) => deferred.projections,
    },
    {
      provide: healthIndicatorToken(alias),
      inject: [store, projections],
      useFactory: (eventStore: EventStore, running: Projections) =>
        new JetsourceHealthIndicator(eventStore, running),
    },
    {
      provide: JetsourceLifecycle,
      inject: [store, DeferredProjections, RESOLVED, ModulesContainer],
      useFactory: (
        eventStore: EventStore,
        deferred: DeferredProjections,
        { liveTimeoutMs }: ResolvedModuleOptions,
        modules: ModulesContainer,
      ) => {
        const checkUses = (): void => checkWaits(modules, alias, deferred.projections);
        return new JetsourceLifecycle({ store: eventStore, deferred, liveTimeoutMs, checkUses });
      },
    },
  ];
}

function routeProviders(alias: string | undefined): Provider[] {
  return [
    {
      provide: APP_INTERCEPTOR,
      inject: [HttpAdapterHost, RESOLVED],
      useFactory: (host: HttpAdapterHost, { correlation }: ResolvedModuleOptions) =>
        new CorrelationInterceptor(host, correlation),
    },
    {
      provide: APP_INTERCEPTOR,
      inject: [eventStoreToken(alias), DeferredProjections, RESOLVED],
      useFactory: (
        store: EventStore,
        deferred: DeferredProjections,
        { readYourWrites }: ResolvedModuleOptions,
      ) => {
        return new ReadYourWritesInterceptor({
          ...readYourWrites,
          alias,
          store: store.identity,
          projections: deferred.projections,
        });
      },
    },
  ];
}

/**
 * @throws {@link InvalidOptionError} when another global store has the same token: injection could return
 * either.
 */
function checkIsOnly(token: InjectionToken, modules: ModulesContainer, { name }: EventStoreOptions): void {
  const sharing = [...modules.values()].filter(({ isGlobal, providers }) => isGlobal && providers.has(token));
  if (sharing.length < 2) return;
  throw new InvalidOptionError({
    option: 'alias',
    given: typeof token === 'string' ? token : 'none',
    allowed: `one that no other JetsourceModule.forRoot of the application has (store ${name})`,
  });
}

const logger = new Logger('Jetsource');
