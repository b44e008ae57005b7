import type { ModuleRef } from '@nestjs/core';
import type { UnhandledExceptionBus } from '@nestjs/cqrs';
import type { EventRegistry } from '../../event/event-registry.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { defineReactor } from '../../reaction/reactor/define-reactor.js';
import type { ReactionContext, ReactorDefinition } from '../../reaction/reactor/reactor-definition.js';
import { CqrsSetupError } from './cqrs-setup-error.js';
import type { HandlerWrapper } from './durable-event-bus.js';
import { callHandler, type HandlerClass, handlerClasses } from './handler-class.js';
import { handledEvents } from './handled-events.js';
import type { BusOptions } from './jetsource-cqrs-options.js';
import { reactorOptionsOf } from './reactor.decorator.js';

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
      if (handled.length === 0) throw handlesNothing(handler, parts.registry);
      return defineReactor({
        ...parts.options.reactions,
        ...own,
        name: name ?? label,
        events: handled,
        handle: async (event, context) => handleWith(handler, parts, { event, context }),
      });
    };
    return { label, name, define };
  });
}

async function handleWith(
  handler: HandlerClass,
  { moduleRef, unhandledExceptions }: HandlerReactorParts,
  { event, context }: { readonly event: RecordedEvent; readonly context: ReactionContext },
): Promise<void> {
  try {
    await callHandler(handler, moduleRef, event);
  } catch (exception) {
    const info = { cause: event.data, exception, handler: context.reactor, attempt: context.attempt };
    unhandledExceptions.publish(info);
    throw exception;
  }
}

/** Events that the handler lists and the store does not know would never come. */
function handlesNothing({ type, events }: HandlerClass, registry: EventRegistry): CqrsSetupError {
  const listed = events.map((event) => (event as { readonly name?: string }).name ?? 'an event').join(', ');
  return new CqrsSetupError(
    `${type.name} handles ${listed || 'no events'}, which the store does not know; decorate the class with ` +
      `@Event('<name>') and add it to the option events (known: ${registry.names.join(', ') || 'none'})`,
  );
}
