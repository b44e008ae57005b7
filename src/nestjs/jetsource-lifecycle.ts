import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleInit,
} from '@nestjs/common';
import type { EventStore } from '../event-store/event-store.js';
import type { DeferredProjections } from './projection/deferred-projections.js';
import { startReady } from './projection/live-readiness.js';

/** What starts and stops with the application. */
export interface LifecycleParts {
  readonly store: EventStore;
  readonly deferred: DeferredProjections;
  /** How long projections in live style have to catch up, in milliseconds. */
  readonly liveTimeoutMs: number;
  /** Compares with the projections what the application says of them. @throws when it is wrong */
  readonly checkUses: () => void;
}

/** Starts and stops a store and its projections with the application. */
export class JetsourceLifecycle
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #parts: LifecycleParts;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  /** All providers exist: also those that are projections. */
  async onModuleInit(): Promise<void> {
    await this.#orClose(async () => {
      this.#parts.deferred.open();
      this.#parts.checkUses();
    });
  }

  /** The application listens when the models in memory are complete. */
  async onApplicationBootstrap(): Promise<void> {
    const { deferred, liveTimeoutMs } = this.#parts;
    await this.#orClose(async () => {
      const live = deferred.definitions.filter(({ isLive }) => isLive);
      await startReady(deferred.projections, live, liveTimeoutMs);
    });
  }

  /** Before the application closes its databases. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#parts.deferred.stop();
  }

  /** After the HTTP server has closed: running commands still need their store. */
  async onApplicationShutdown(): Promise<void> {
    await this.#parts.store.close();
  }

  /** Nest calls no shutdown hooks when a start fails: the connection would keep the process. */
  async #orClose(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.#parts.deferred.stop();
      await this.#parts.store.close();
      throw error;
    }
  }
}
