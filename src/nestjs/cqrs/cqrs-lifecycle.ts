import {
  Logger,
  type OnModuleDestroy,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { CommandBus, UnhandledExceptionBus } from '@nestjs/cqrs';
import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import type { ReactorDefinition } from '../../reaction/reactor/reactor-definition.js';
import type { Projections } from '../../projection/projections.js';
import { Reactors } from '../../reaction/reactor/reactors.js';
import { CommandCodec, commandClasses } from './command-codec.js';
import { commandDispatcher, DISPATCHER } from './command-dispatch.js';
import type { DurableEventBus } from './durable-event-bus.js';
import { checkHandlerNames, checkNamesOption } from './handler-names.js';
import { type HandlerReactor, handlerReactors } from './handler-reactors.js';
import type { BusOptions } from './jetsource-cqrs-options.js';
import { checkNoOtherBus } from './plain-cqrs-modules.js';
import { findSagas } from './saga.js';
import { SAGA_CATEGORY, sagaReactors } from './saga-reactors.js';

const BEFORE_ROOT = -1;

/** What the bus starts and stops with the application. */
export interface CqrsLifecycleParts {
  readonly store: JetStreamEventStore;
  /** Those of the store. */
  readonly projections: Projections;
  readonly bus: DurableEventBus;
  readonly commandBus: CommandBus;
  readonly unhandledExceptions: UnhandledExceptionBus;
  readonly moduleRef: ModuleRef;
  readonly modules: ModulesContainer;
  readonly options: BusOptions;
}

/** Runs handlers and sagas as reactors while the application runs. */
export class CqrsLifecycle implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  readonly #parts: CqrsLifecycleParts;
  #reactors: Reactors | undefined;
  #isStopped = false;

  constructor(parts: CqrsLifecycleParts) {
    this.#parts = parts;
    startsLastAndStopsFirst(parts.modules);
  }

  /** After all others: every handler is ready. */
  async onApplicationBootstrap(): Promise<void> {
    const { store, options } = this.#parts;
    try {
      checkNoOtherBus(this.#parts.modules);
      const definitions = this.#definitions().map((definition) => this.#fromStart(definition));
      // Nest 11 closes an application also while it starts
      if (this.#isStopped) return;
      this.#reactors = new Reactors(store, definitions, { service: options.service ?? store.name, logger });
      await this.#reactors.start();
    } catch (error) {
      // Nest calls no shutdown hooks when a start fails: connection and projections would keep the process
      await this.#reactors?.stop();
      await this.#parts.projections.stop();
      await store.close();
      throw error;
    }
  }

  /** Before all others: every handler is still ready. */
  async onModuleDestroy(): Promise<void> {
    this.#isStopped = true;
    await this.#reactors?.stop();
  }

  /** Before the store is closed: what requests have published without awaiting it is stored. */
  async onApplicationShutdown(): Promise<void> {
    await this.#parts.bus.drain();
  }

  /** A handler that is new begins with what modules publish while the application starts. */
  #fromStart(definition: ReactorDefinition): ReactorDefinition {
    const { from = 'now' } = definition;
    return from === 'now' ? { ...definition, from: { sequence: this.#parts.bus.firstSequence } } : definition;
  }

  #definitions(): ReactorDefinition[] {
    const { store, bus, options, moduleRef, unhandledExceptions } = this.#parts;
    const handlers = handlerReactors(bus.handlers, {
      registry: store.registry,
      options,
      moduleRef,
      unhandledExceptions,
    });
    const { reactors: sagas, dispatcher } = this.#sagas();
    const named = [...handlers, ...sagas];
    check(named, options);
    return [...named.map(({ define }) => define()), ...dispatcher];
  }

  /** Sagas, and what executes their commands. An application without sagas may have commands of one name. */
  #sagas(): {
    readonly reactors: readonly HandlerReactor[];
    readonly dispatcher: readonly ReactorDefinition[];
  } {
    const { store, bus, options, unhandledExceptions, commandBus, modules } = this.#parts;
    const sagas = findSagas(bus.sagas);
    if (sagas.length === 0) return { reactors: [], dispatcher: [] };
    const codec = new CommandCodec(commandClasses(modules, options.commands));
    const shared = { commandBus, codec, unhandledExceptions };
    return {
      reactors: sagaReactors(sagas, { ...shared, store, options }),
      dispatcher: [commandDispatcher({ ...shared, categories: [SAGA_CATEGORY] }, options.reactions)],
    };
  }
}

/**
 * Nest calls the hooks of a module by its distance from the root module: at the start those of the most distant
 * one first, at the end those of the root module first.
 */
function startsLastAndStopsFirst(modules: ModulesContainer): void {
  for (const module of modules.values())
    if (module.providers.has(CqrsLifecycle)) module.distance = BEFORE_ROOT;
}

function check(named: readonly HandlerReactor[], { names = {} }: BusOptions): void {
  checkNamesOption(
    names,
    named.map(({ label }) => label),
  );
  checkHandlerNames([...named, { label: 'the execution of stored commands', name: DISPATCHER }]);
}

const logger = new Logger('Jetsource');
