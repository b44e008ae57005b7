import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  type InjectionToken,
  Logger,
  type Provider,
} from '@nestjs/common';
import { APP_INTERCEPTOR, ModulesContainer } from '@nestjs/core';
import { connectEventStore } from '../event-store/connect-event-store.js';
import type { EventStore } from '../event-store/event-store.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkDefinitions } from '../projection/definition/check-definitions.js';
import { Projections } from '../projection/projections.js';
import { CorrelationInterceptor } from './correlation.interceptor.js';
import { JetsourceLifecycle } from './jetsource-lifecycle.js';
import type { JetsourceModuleOptions } from './jetsource-module-options.js';
import { eventStoreToken, projectionsToken } from './store-tokens.js';

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

function withStore(definition: DynamicModule, { isGlobal = true, alias }: StorePlace): DynamicModule {
  return {
    ...definition,
    global: isGlobal,
    providers: [...(definition.providers ?? []), ...storeProviders(alias)],
    exports: [eventStoreToken(alias), projectionsToken(alias)],
  };
}

function storeProviders(alias: string | undefined): Provider[] {
  const [store, projections] = [eventStoreToken(alias), projectionsToken(alias)];
  return [
    {
      provide: store,
      inject: [MODULE_OPTIONS_TOKEN, ModulesContainer],
      useFactory: async (options: JetsourceModuleOptions, modules: ModulesContainer) => {
        checkIsOnly(store, modules, options);
        return connect(options);
      },
    },
    {
      provide: projections,
      inject: [store, MODULE_OPTIONS_TOKEN],
      useFactory: (eventStore: EventStore, options: JetsourceModuleOptions) =>
        new Projections(eventStore, options.projections ?? [], { onError: logError }),
    },
    {
      provide: JetsourceLifecycle,
      inject: [store, projections],
      useFactory: (eventStore: EventStore, running: Projections) =>
        new JetsourceLifecycle(eventStore, running),
    },
    { provide: APP_INTERCEPTOR, useClass: CorrelationInterceptor },
  ];
}

/**
 * @throws {@link InvalidOptionError} when another global store has the same token: injection could return
 * either.
 */
function checkIsOnly(
  token: InjectionToken,
  modules: ModulesContainer,
  { name }: JetsourceModuleOptions,
): void {
  const sharing = [...modules.values()].filter(({ isGlobal, providers }) => isGlobal && providers.has(token));
  if (sharing.length < 2) return;
  throw new InvalidOptionError({
    option: 'alias',
    given: typeof token === 'string' ? token : 'none',
    allowed: `one that no other JetsourceModule.forRoot of the application has (store ${name})`,
  });
}

const logger = new Logger('Jetsource');

async function connect(options: JetsourceModuleOptions): Promise<EventStore> {
  const { projections = [], ...storeOptions } = options;
  // before the store is connected, so that an invalid list leaves no connection open
  checkDefinitions(projections);
  return connectEventStore({ onWarning: (warning) => logger.warn(warning), ...storeOptions });
}

function logError(error: Error): void {
  logger.error(error.message, error.stack);
}
