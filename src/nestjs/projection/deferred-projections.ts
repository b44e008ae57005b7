import { Logger } from '@nestjs/common';
import type { EventStore } from '../../event-store/event-store.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import { describeProjection, type ProjectionId } from '../../projection/definition/projection-id.js';
import { Projections } from '../../projection/projections.js';
import { standIn } from '../stand-in.js';

/**
 * The projections of a store, made when all providers exist: some of them are projections. What is injected
 * until then stands for them.
 */
export class DeferredProjections {
  /** What is injected. Its methods can be used after {@link open}. */
  readonly projections: Projections;
  readonly #store: EventStore;
  readonly #define: () => readonly ProjectionDefinition[];
  #definitions: readonly ProjectionDefinition[] = [];
  #made: Projections | undefined;

  /** @param define Lists the projections when all providers exist. */
  constructor(store: EventStore, define: () => readonly ProjectionDefinition[]) {
    this.#store = store;
    this.#define = define;
    this.projections = standIn(Projections.prototype, () => this.#required());
  }

  /** What runs in this process; empty before {@link open}. */
  get definitions(): readonly ProjectionDefinition[] {
    return this.#definitions;
  }

  /** @throws {@link ProjectionClassError}, or as the constructor of {@link Projections}, when one cannot run. */
  open(): void {
    this.#definitions = this.#define();
    this.#made = new Projections(this.#store, this.#definitions, { onError: logError });
  }

  /** Stops them, if there are any. */
  async stop(): Promise<void> {
    await this.#made?.stop();
  }

  #required(): Projections {
    if (this.#made !== undefined) return this.#made;
    throw new InvalidOptionError({
      option: 'the projections',
      given: 'a call before that',
      allowed: 'used when the application has been initialized, such as in onApplicationBootstrap',
    });
  }
}

const logger = new Logger('Jetsource');

function logError(error: Error, id: ProjectionId): void {
  const isNamed = error.message.startsWith('projection ');
  logger.error(
    isNamed ? error.message : `projection ${describeProjection(id)}: ${error.message}`,
    error.stack,
  );
}
