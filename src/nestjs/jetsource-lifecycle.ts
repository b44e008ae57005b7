import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { EventStore } from '../event-store/event-store.js';
import { Projections } from '../projection/projections.js';

/** Ties the store and its projections to the life of the application. */
@Injectable()
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

  /** After the HTTP server has closed: commands under way still find their store. */
  async onApplicationShutdown(): Promise<void> {
    await this.#store.close();
  }
}
