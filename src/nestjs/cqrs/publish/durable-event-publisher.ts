import { randomUUID } from 'node:crypto';
import { type AsyncContext, EventPublisher, type IEvent } from '@nestjs/cqrs';
import { Loan } from '../../../aggregate/model/loan.js';
import { type Save, saverOf } from '../../../aggregate/model/saved-by.js';
import { hasJetsourceBrand } from '../../../kernel/jetsource-error.js';
import { aggregateStreamOf, rememberMerged } from './aggregate-stream.js';
import type { DurableEventBus } from './durable-event-bus.js';

/** An aggregate whose `commit()` can be awaited. */
export type Committing<T> = {
  /**
   * Stores the uncommitted events. When that fails, the aggregate has them again, and the next `commit()` stores
   * them.
   */
  commit(): Promise<void>;
} & T;

/** `@nestjs/cqrs` 11 does not export the type. */
type Aggregate = Parameters<EventPublisher['mergeObjectContext']>[0];
type AggregateConstructor = Parameters<EventPublisher['mergeClassContext']>[0];

/** Events of one commit, and the command id under which they are stored once. */
interface CommitAttempt {
  readonly events: readonly IEvent[];
  readonly commandId: string;
}

/** A save by a repository, which may wait for the one before it. */
interface SaveTurn {
  readonly hasBegun: boolean;
  readonly stored: Promise<void>;
}

/**
 * Takes the place of `EventPublisher` of `@nestjs/cqrs`: what an aggregate publishes and commits is stored, in its
 * stream if its class has {@link EventSourced}, else as notifications. An aggregate that a repository has loaded is
 * saved by it, at the version that it was loaded at; others are appended whatever their stream holds.
 */
export class DurableEventPublisher extends EventPublisher {
  readonly #bus: DurableEventBus;
  /** What may have been stored: it is tried again under the same command id. */
  readonly #unsettled = new WeakMap<Aggregate, CommitAttempt>();
  /** The last save by the repository of an aggregate. */
  readonly #saves = new WeakMap<Aggregate, SaveTurn>();

  constructor(bus: DurableEventBus) {
    super(bus);
    this.#bus = bus;
  }

  override mergeObjectContext<T extends Aggregate>(object: T, asyncContext?: AsyncContext): Committing<T> {
    define(object, this.#methods(asyncContext));
    return object as unknown as Committing<T>;
  }

  override mergeClassContext<T extends AggregateConstructor>(metatype: T, asyncContext?: AsyncContext): T {
    const made = class extends metatype {};
    define(made.prototype as object, this.#methods(asyncContext));
    rememberMerged(made, metatype);
    return made;
  }

  #methods(asyncContext: AsyncContext | undefined): object {
    const bus = this.#bus;
    const commit = (aggregate: Aggregate): Promise<void> => this.#commit(aggregate);
    return {
      publish(this: Aggregate, event: IEvent): Promise<void> {
        return bus.publish(event, this, asyncContext);
      },
      publishAll(this: Aggregate, events: readonly IEvent[]): Promise<void> {
        return bus.publishAll(events, this, asyncContext);
      },
      commit(this: Aggregate): Promise<void> {
        return commit(this);
      },
    };
  }

  #commit(aggregate: Aggregate): Promise<void> {
    // a repository that lends the aggregate stores its events when the decision has returned
    const events = Loan.has(aggregate) ? [] : [...uncommittedOf(aggregate)];
    if (events.length === 0) return Promise.resolve();
    const save = saverOf(aggregate);
    if (save !== undefined) return this.#save(aggregate, events, save);
    aggregate.uncommit();
    return this.#bus.storing(events, async () => this.#storeAll(aggregate, events));
  }

  /** A repository stores what an aggregate has by then: commits that are called in a row are one. */
  #save(aggregate: Aggregate, events: IEvent[], save: Save): Promise<void> {
    const last = this.#saves.get(aggregate);
    if (last?.hasBegun === false) return last.stored;
    const turn = { hasBegun: false };
    const stored = this.#bus.storing(events, async () => {
      await last?.stored.catch(() => undefined);
      await Promise.resolve();
      turn.hasBegun = true;
      events.splice(0, events.length, ...uncommittedOf(aggregate));
      await save();
    });
    this.#saves.set(aggregate, Object.assign(turn, { stored }));
    return stored;
  }

  async #storeAll(aggregate: Aggregate, events: readonly IEvent[]): Promise<void> {
    let left = events;
    for (const attempt of attemptsAt(events, this.#unsettled.get(aggregate))) {
      try {
        await this.#store(aggregate, attempt);
        this.#unsettled.delete(aggregate);
        left = left.slice(attempt.events.length);
      } catch (error) {
        const isSettled = hasJetsourceBrand(error) && error.outcome === 'not-applied';
        if (!isSettled) this.#unsettled.set(aggregate, attempt);
        uncommittedOf(aggregate).unshift(...left);
        throw error;
      }
    }
  }

  async #store(aggregate: Aggregate, { events, commandId }: CommitAttempt): Promise<void> {
    const stream = aggregateStreamOf(aggregate);
    await (stream === undefined
      ? this.#bus.notify(events, commandId)
      : this.#bus.append(stream, events, commandId));
  }
}

/** Methods are no data of the aggregate: what lists its properties does not find them. */
function define(target: object, methods: object): void {
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** What may have been stored already is a commit of its own, as it was the first time. */
function attemptsAt(events: readonly IEvent[], unsettled: CommitAttempt | undefined): CommitAttempt[] {
  const isFirst = unsettled?.events.every((event, index) => event === events[index]) === true;
  const again = unsettled !== undefined && isFirst ? [unsettled] : [];
  const others = events.slice(again[0]?.events.length ?? 0);
  return others.length === 0 ? again : [...again, { events: others, commandId: randomUUID() }];
}

/** The list that `AggregateRoot` itself works on. */
function uncommittedOf(aggregate: Aggregate): IEvent[] {
  return (aggregate as Aggregate & { getUncommittedEvents(): IEvent[] }).getUncommittedEvents();
}
