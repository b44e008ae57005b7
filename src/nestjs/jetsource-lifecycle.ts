import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import type { EventStore } from '../event-store/event-store.js';
import type { Projections } from '../projection/projections.js';

/** Starts and stops a store and its projections with the application. */
export class JetsourceLifecycle
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #store: EventStore;
  readonly #projections: Projections;

  constructor(store: EventStore, projections: Projections) {
    this.#store = store;
    this.#projections = projections;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#projections.start();
  }

  /** Before the application closes its databases. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#projections.stop();
  }

  /** After the HTTP server has closed: running commands still need their store. */
  async onApplicationShutdown(): Promise<void> {
    await this.#store.close();
  }
}
