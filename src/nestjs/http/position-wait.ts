import { parsePosition, type Position, positionOf } from '../../event/position.js';
import { isSystemCategory } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { ProjectionDirectory } from '../../projection/definition/projection-directory.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import { describeProjection, type ProjectionRef } from '../../projection/definition/projection-id.js';
import { WaitTimeoutError } from '../../projection/projection-errors.js';
import { Deadline } from '../../kernel/deadline.js';
import type { DeferredProjections } from '../projection/deferred-projections.js';

/** How long a position is waited for. */
export interface PositionWaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Waits until a projection holds all that it reads of the log up to a position. */
export class PositionWait {
  readonly #store: EventStore;
  readonly #deferred: DeferredProjections;

  constructor(store: EventStore, deferred: DeferredProjections) {
    this.#store = store;
    this.#deferred = deferred;
  }

  /** @throws as {@link Projections.waitFor}, but not for an event that the projection does not read. */
  async until(
    ref: ProjectionRef,
    position: Position,
    { timeoutMs, signal }: PositionWaitOptions,
  ): Promise<void> {
    const { projections } = this.#deferred;
    const deadline = new Deadline(timeoutMs, signal);
    try {
      await projections.waitFor(ref, position, { timeoutMs, signal });
    } catch (error) {
      if (!isOfOtherCategory(error)) throw error;
      // a request that writes to several categories names its last event, and the projection may read another one
      const read = await this.#lastReadBefore(this.#definitionOf(ref), position, deadline);
      await projections.waitFor(ref, read, { timeoutMs: Math.ceil(deadline.leftMs), signal });
    }
  }

  /** The last event before a position that the projection reads; undefined when the model is past it. */
  async #lastReadBefore(
    definition: ProjectionDefinition,
    before: Position,
    deadline: Deadline,
  ): Promise<Position | undefined> {
    const { position } = this.#deferred.projections.status(definition);
    const reached = position === undefined ? 0 : parsePosition(position).sequence;
    for (let sequence = parsePosition(before).sequence - 1; sequence > reached; sequence -= 1) {
      if (deadline.passed) throw this.#late(definition, before, deadline);
      const commit = await this.#store.commitAt(sequence, { signal: deadline.signal });
      if (commit !== undefined && reads(definition, commit.stream.category))
        return positionOf(sequence, commit.events.length - 1);
    }
    return undefined;
  }

  #definitionOf(ref: ProjectionRef): ProjectionDefinition {
    const directory = new ProjectionDirectory<ProjectionDefinition>();
    for (const definition of this.#deferred.definitions) directory.add(definition, definition);
    return directory.find(ref);
  }

  #late(
    definition: ProjectionDefinition,
    position: Position,
    { totalMs: timeoutMs }: Deadline,
  ): WaitTimeoutError {
    const what = `what projection ${describeProjection(definition)} reads before position ${position}`;
    return new WaitTimeoutError({ what, timeoutMs, progress: 'it was looked for in the log' });
  }
}

function isOfOtherCategory(error: unknown): boolean {
  return hasJetsourceBrand(error) && 'option' in error && error.option === 'position';
}

function reads({ categories }: ProjectionDefinition, category: string): boolean {
  return categories?.includes(category) ?? !isSystemCategory(category);
}
