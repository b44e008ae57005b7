import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { FeatureRepository } from './aggregate-feature.js';

/** Lets repositories finish their background work while their store is still open. */
export class FeatureLifecycle implements BeforeApplicationShutdown {
  readonly #repositories: readonly FeatureRepository[];

  constructor(repositories: readonly FeatureRepository[]) {
    this.#repositories = repositories;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#repositories.map(async (repository) => repository.drain()));
  }
}
