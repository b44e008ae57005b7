import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import {
  AsyncContext,
  type CommandBus,
  type CqrsModuleOptions,
  EventBus,
  type IEvent,
  type IEventPublisher,
  type UnhandledExceptionBus,
} from '@nestjs/cqrs';
import { isEventWithMetadata } from '../../../event/event-with-metadata.js';
import type { NewEvent } from '../../../event/new-event.js';
import type { StreamName } from '../../../event/stream-name.js';
import type { EventStore } from '../../../event-store/event-store.js';
import { Deadline } from '../../../kernel/deadline.js';
import { describeThrown } from '../../../kernel/describe-thrown.js';
import { InFlight } from '../../../kernel/in-flight.js';
import { InvalidOptionError } from '../../../kernel/invalid-option-error.js';
import { KeyedQueue } from '../../../kernel/keyed-queue.js';
import { aggregateStreamOf } from './aggregate-stream.js';

/** How long a publication waits for those before it on its stream, in milliseconds. */
const QUEUE_MS = 15_000;

/** The provider of a handler or saga, as Nest keeps it. */
export type HandlerWrapper = Parameters<EventBus['register']>[0] extends (infer Wrapper)[] | undefined
  ? Wrapper
  : never;

/** What the bus of `@nestjs/cqrs` is made of. */
export interface EventBusParts {
  readonly commandBus: CommandBus;
  readonly moduleRef: ModuleRef;
  readonly unhandledExceptions: UnhandledExceptionBus;
  readonly options: CqrsModuleOptions;
  readonly store: EventStore;
  /** The sequence of what is stored next. */
  readonly firstSequence: number;
}

/**
 * Takes the place of `EventBus` of `@nestjs/cqrs`: what is published is stored, and handled from the store by
 * reactors. `publish` and `publishAll` resolve when it is stored. Nobody has to await them: what is under way is
 * finished when the application stops, and a failure is logged.
 *
 * Who subscribes to the bus itself sees what this process has stored.
 */
export class DurableEventBus extends EventBus {
  /** The providers with `@EventsHandler`, found at bootstrap. */
  readonly handlers: HandlerWrapper[] = [];
  /** The providers with `@Saga`, found at bootstrap. */
  readonly sagas: HandlerWrapper[] = [];
  /** What this process publishes has this sequence at least. */
  readonly firstSequence: number;
  readonly #store: EventStore;
  readonly #queue = new KeyedQueue();
  readonly #inFlight = new InFlight();

  constructor({ commandBus, moduleRef, unhandledExceptions, options, store, firstSequence }: EventBusParts) {
    super(commandBus, moduleRef, unhandledExceptions, options);
    this.#store = store;
    this.firstSequence = firstSequence;
  }

  /** Stores events, as `publish` and `publishAll` do. */
  override get publisher(): IEventPublisher {
    return {
      publish: (event, context) => this.publishAll([event], context),
      publishAll: (events, context) => this.publishAll(events, context),
    };
  }

  override set publisher(given: IEventPublisher) {
    throw new InvalidOptionError({
      option: 'EventBus.publisher',
      given,
      allowed: 'left as it is: events are stored; subscribe to the EventBus to see them',
    });
  }

  /**
   * Stores an event.
   *
   * @param context The aggregate that publishes it, or an `AsyncContext`.
   * @throws what {@link EventStore.append} or {@link EventStore.notify} throws.
   */
  override publish(event: IEvent, context?: unknown, asyncContext?: AsyncContext): Promise<void> {
    return this.publishAll([event], context, asyncContext);
  }

  /** Stores events: those of an aggregate all or none. See {@link publish}. */
  override publishAll(
    events: readonly IEvent[],
    context?: unknown,
    asyncContext?: AsyncContext,
  ): Promise<void> {
    // an aggregate empties the list that it hands over
    const copy = [...(events ?? [])];
    attach(copy.map(eventOf), context instanceof AsyncContext ? context : asyncContext);
    return this.storing(copy, async () => {
      const stream = aggregateStreamOf(context);
      await (stream === undefined ? this.notify(copy) : this.append(stream, copy));
    });
  }

  /** Appends events to a stream, after what was published for it before. */
  async append(stream: StreamName, events: readonly IEvent[], commandId?: string): Promise<void> {
    const given = events as readonly NewEvent<object>[];
    const task = async (): Promise<unknown> => this.#store.append(stream, given, { commandId });
    await this.#queue.run(stream.toString(), task, new Deadline(QUEUE_MS));
  }

  /** Stores events that belong to no stream. */
  async notify(events: readonly IEvent[], commandId?: string): Promise<void> {
    await this.#store.notify(events as readonly NewEvent<object>[], { commandId });
  }

  /** Runs what stores events. Then those who subscribe to the bus get them. */
  storing(events: readonly IEvent[], work: () => Promise<unknown>): Promise<void> {
    const stored = this.#inFlight.run(async () => {
      if (events.length === 0) return;
      await work();
      this.#show(events);
    });
    // a rejection that nobody awaits would end the process
    stored.catch((error: unknown) => logFailure(events, error));
    return stored;
  }

  /** What a subscriber throws does not concern the publisher: the events are stored. */
  #show(events: readonly IEvent[]): void {
    for (const event of events.map(eventOf)) {
      try {
        this.subject$.next(event);
      } catch (error) {
        logger.error(`a subscriber of EventBus has failed: ${describeThrown(error)}`);
      }
    }
  }

  /** Resolves when everything that was published is stored, or has failed. */
  async drain(): Promise<void> {
    await this.#inFlight.drain();
  }

  /** Handlers get events from the store. */
  override register(handlers: HandlerWrapper[] = []): void {
    this.handlers.push(...handlers);
  }

  /** Sagas get events from the store. */
  override registerSagas(sagas: Parameters<EventBus['registerSagas']>[0] = []): void {
    this.sagas.push(...(sagas as HandlerWrapper[]));
  }
}

/** The event itself, of one that was given metadata. */
function eventOf(event: IEvent): IEvent {
  return isEventWithMetadata(event) ? event.event : event;
}

/** Events that nothing can be attached to, or that have a context, are left as they are. */
function attach(events: readonly IEvent[], context: AsyncContext | undefined): void {
  for (const event of events)
    if (context !== undefined && Object.isExtensible(event) && !AsyncContext.isAttached(event))
      context.attachTo(event);
}

const logger = new Logger('Jetsource');

function logFailure(events: readonly IEvent[], error: unknown): void {
  const names = events.map((event) => eventOf(event)?.constructor?.name ?? 'an event');
  const types = [...new Set(names)].join(', ');
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error(`${types} could not be stored: ${describeThrown(error)}`, stack);
}
