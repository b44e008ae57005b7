import type { ModuleRef } from '@nestjs/core';
import type { UnhandledExceptionBus } from '@nestjs/cqrs';
import type { EventDefinition, EventRegistry } from '../../../event/event-registry.js';
import type { RecordedEvent } from '../../../event/recorded-event.js';
import { defineReactor } from '../../../reaction/reactor/define-reactor.js';
import type { ReactionContext, ReactorDefinition } from '../../../reaction/reactor/reactor-definition.js';
import { CqrsSetupError } from '../setup/cqrs-setup-error.js';
import type { HandlerWrapper } from '../publish/durable-event-bus.js';
import { callHandler, type HandlerClass, handlerClasses } from './handler-class.js';
import { handledEvents, unknownEvents } from './handled-events.js';
import type { BusOptions } from '../jetsource-cqrs-options.js';
import { reactorOptionsOf } from './reactor.decorator.js';
import { tellUnhandled } from '../unhandled-exceptions.js';

/** What handlers need to become reactors. */
export interface HandlerReactorParts {
  readonly registry: EventRegistry;
  readonly options: BusOptions;
  readonly moduleRef: ModuleRef;
  readonly unhandledExceptions: UnhandledExceptionBus;
}

/** A reactor and the class that it runs. */
export interface HandlerReactor {
  readonly label: string;
  readonly name: string | undefined;
  readonly define: () => ReactorDefinition;
}

/** The reactors of the providers with `@EventsHandler`. */
export function handlerReactors(
  wrappers: readonly HandlerWrapper[],
  parts: HandlerReactorParts,
): HandlerReactor[] {
  const handlers = handlerClasses(wrappers);
  const events = handledEvents(parts.registry.definitions, handlers);
  return handlers.map((handler, index) => {
    const label = handler.type.name;
    const { name = parts.options.names?.[label], ...own } = reactorOptionsOf(handler.type) ?? {};
    const define = (): ReactorDefinition => {
      const handled = events[index] ?? [];
      checkHandled(handler, handled, parts.registry);
      return defineReactor({
        ...parts.options.reactions,
        ...own,
        name: name ?? label,
        events: handled,
        handle: async (recorded, context) => handleWith(handler, parts, { recorded, context }),
      });
    };
    return { label, name, define };
  });
}

async function handleWith(
  handler: HandlerClass,
  { registry, moduleRef, unhandledExceptions }: HandlerReactorParts,
  { recorded, context }: { readonly recorded: RecordedEvent; readonly context: ReactionContext },
): Promise<void> {
  const event = registry.domainEventOf(recorded);
  try {
    await callHandler(handler, moduleRef, { event, recorded });
  } catch (exception) {
    const { reactor, attempt } = context;
    tellUnhandled(unhandledExceptions, { cause: event, exception, handler: reactor, attempt });
    throw exception;
  }
}

/** @throws {@link CqrsSetupError} for a handler that would wait for events that never come. */
function checkHandled(
  { type, events }: HandlerClass,
  handled: readonly EventDefinition[],
  registry: EventRegistry,
): void {
  if (events.length === 0) throw new CqrsSetupError(`${type.name} lists no events in @EventsHandler`);
  const unknown = unknownEvents(registry.definitions, events);
  if (unknown.length > 0) {
    throw new CqrsSetupError(
      `${type.name} handles ${namesOf(unknown)}, which the store does not know; decorate the class with ` +
        `@Event('<name>') and add it to the option events (known: ${registry.names.join(', ') || 'none'})`,
    );
  }
  if (handled.length > 0) return;
  throw new CqrsSetupError(
    `${type.name} gets nothing: all events that extend ${namesOf(events)} go to the handlers that list them`,
  );
}

function namesOf(events: readonly object[]): string {
  return events.map((event) => (event as { readonly name?: string }).name ?? 'an event').join(', ');
}
