import {
  Logger,
  type OnModuleDestroy,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { ReactorDefinition } from '../../reaction/reactor/reactor-definition.js';
import { Reactors } from '../../reaction/reactor/reactors.js';
import { standIn } from '../stand-in.js';
import { checkNoOtherBus } from './setup/plain-cqrs-modules.js';
import { type ServiceReactorsParts, serviceReactors } from './service-reactors.js';

const BEFORE_ROOT = -1;

/** Runs handlers, sagas, process managers and timers while the application runs. */
export class CqrsLifecycle implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  /** What is injected. Its methods can be used when the application has been bootstrapped. */
  readonly reactors: Reactors;
  readonly #parts: ServiceReactorsParts;
  #reactors: Reactors | undefined;
  #isStopped = false;

  constructor(parts: ServiceReactorsParts) {
    this.#parts = parts;
    this.reactors = standIn(Reactors.prototype, () => this.#required());
    startsLastAndStopsFirst(parts.modules);
  }

  /** After all others: every handler is ready. */
  async onApplicationBootstrap(): Promise<void> {
    const { store, options, timers } = this.#parts;
    try {
      checkNoOtherBus(this.#parts.modules);
      const definitions = serviceReactors(this.#parts).map((definition) => this.#fromStart(definition));
      // Nest 11 closes an application also while it starts
      if (this.#isStopped) return;
      this.#reactors = new Reactors(store, definitions, { service: options.service, logger });
      await this.#reactors.start();
      await timers?.start();
    } catch (error) {
      // Nest calls no shutdown hooks when a start fails: connection and projections would keep the process
      await this.#stop();
      await this.#parts.projections.stop();
      await store.close();
      throw error;
    }
  }

  /** Before all others: every handler is still ready. */
  async onModuleDestroy(): Promise<void> {
    this.#isStopped = true;
    await this.#stop();
  }

  /** Before the store is closed: what requests have published without awaiting it is stored. */
  async onApplicationShutdown(): Promise<void> {
    await this.#parts.bus.drain();
  }

  async #stop(): Promise<void> {
    await Promise.all([this.#reactors?.stop(), this.#parts.timers?.stop()]);
  }

  #required(): Reactors {
    if (this.#reactors !== undefined) return this.#reactors;
    throw new InvalidOptionError({
      option: 'the reactors',
      given: 'a call before that',
      allowed: 'used when the application has been bootstrapped',
    });
  }

  /** A handler that is new begins with what modules publish while the application starts. */
  #fromStart(definition: ReactorDefinition): ReactorDefinition {
    const { from = 'now' } = definition;
    return from === 'now' ? { ...definition, from: { sequence: this.#parts.bus.firstSequence } } : definition;
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

const logger = new Logger('Jetsource');
