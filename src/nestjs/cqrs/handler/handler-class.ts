import type { ModuleRef } from '@nestjs/core';
import { AsyncContext } from '@nestjs/cqrs';
import type { RecordedEvent } from '../../../event/recorded-event.js';
import { CqrsSetupError } from '../setup/cqrs-setup-error.js';
import type { HandlerWrapper } from '../publish/durable-event-bus.js';

/** Where `@EventsHandler` of `@nestjs/cqrs` keeps the event classes. The package does not export it. */
const EVENTS_HANDLER_METADATA = '__eventsHandler__';

/** A class with `@EventsHandler`. */
export interface HandlerClass {
  readonly type: abstract new () => object;
  /** The classes that its decorator lists. */
  readonly events: readonly object[];
  readonly wrapper: HandlerWrapper;
}

/** What a handler is called with. */
export interface HandledEvent {
  /** As it was published. */
  readonly event: object;
  readonly recorded: RecordedEvent;
}

/**
 * The handlers that modules provide. A class that several modules provide, or that has an alias, handles an event
 * once.
 *
 * @throws {@link CqrsSetupError} naming a class without `handle`.
 */
export function handlerClasses(wrappers: readonly HandlerWrapper[]): HandlerClass[] {
  const byType = new Map<unknown, HandlerClass>();
  for (const wrapper of wrappers) {
    const type = classOf(wrapper);
    if (byType.has(type)) continue;
    checkHandles(type, wrapper);
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
  { event, recorded }: HandledEvent,
): Promise<void> {
  if (isOne(wrapper)) {
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

/** Whether one instance handles all events. What Nest keeps of a transient provider has no dependencies. */
function isOne(wrapper: HandlerWrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

/** One that is made for each event may have `handle` as a property, which only an instance has. */
function checkHandles(type: HandlerClass['type'], wrapper: HandlerWrapper): void {
  const { handle } = (wrapper.instance ?? {}) as { readonly handle?: unknown };
  if (typeof handle === 'function' || !isOne(wrapper)) return;
  throw new CqrsSetupError(`${type.name} has no method handle, which @EventsHandler classes have`);
}
