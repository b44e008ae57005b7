import type { ModuleRef } from '@nestjs/core';
import { AsyncContext } from '@nestjs/cqrs';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { HandlerWrapper } from './durable-event-bus.js';

/** Where `@EventsHandler` of `@nestjs/cqrs` keeps the event classes. The package does not export it. */
const EVENTS_HANDLER_METADATA = '__eventsHandler__';

/** A class with `@EventsHandler`. */
export interface HandlerClass {
  readonly type: abstract new () => object;
  /** The classes that its decorator lists. */
  readonly events: readonly object[];
  readonly wrapper: HandlerWrapper;
}

/** The handlers that modules provide. A class that several modules provide handles an event once. */
export function handlerClasses(wrappers: readonly HandlerWrapper[]): HandlerClass[] {
  const byType = new Map<unknown, HandlerClass>();
  for (const wrapper of wrappers) {
    const type = classOf(wrapper);
    if (byType.has(type)) continue;
    const events = Reflect.getMetadata(EVENTS_HANDLER_METADATA, type) as readonly object[];
    byType.set(type, { type, events, wrapper });
  }
  return [...byType.values()];
}

/** The class of a provider, also of one that a factory makes. */
export function classOf({ instance, metatype }: HandlerWrapper): HandlerClass['type'] {
  return ((instance as object | undefined)?.constructor ?? metatype) as HandlerClass['type'];
}

/**
 * Calls the handler with an event. A handler that is scoped to requests is made for the event, and gets the
 * recorded event as its `REQUEST`.
 */
export async function callHandler(
  { wrapper }: HandlerClass,
  moduleRef: ModuleRef,
  recorded: RecordedEvent,
): Promise<void> {
  const event = recorded.data;
  if (wrapper.isDependencyTreeStatic()) {
    await wrapper.instance.handle(event);
    return;
  }
  const context = new AsyncContext();
  context.attachTo(event);
  moduleRef.registerRequestByContextId(recorded, context.id);
  const handler = await moduleRef.resolve<HandlerWrapper['instance']>(wrapper.token, context.id, {
    strict: false,
  });
  await handler.handle(event);
}
