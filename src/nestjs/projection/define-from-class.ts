import type { EventDefinition } from '../../event/event-registry.js';
import { declarationOf } from '../../event/event-type.js';
import { isPlainEventType } from '../../event/plain-event-type.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import { defineProjection } from '../../projection/definition/define-projection.js';
import type { HandlerContext } from '../../projection/fold/model-fold.js';
import type { ProjectionDefinition } from '../../projection/definition/projection-definition.js';
import type {
  ProjectedEvents,
  StoredProjectionOptions,
} from '../../projection/definition/projection-options.js';
import type { RowProjectionOptions } from '../../projection/definition/row-projection-options.js';
import type { RowContext } from '../../projection/fold/row-fold.js';
import type { ProjectionStore } from '../../projection/store/projection-store.js';
import { type FoundProjection, refuse } from './found-projection.js';
import { onMethodsOf } from './projection-class-metadata.js';
import type { LiveProjectionClassOptions } from './projection-class-options.js';

/** Finds the database of a class in a style that stores. */
export type StoreOf = () => ProjectionStore<unknown>;

/** The event types of a class by name, and the methods that handle them. */
interface Handlers {
  readonly events: ProjectedEvents;
  readonly methods: ReadonlyMap<string, string | symbol>;
}

type Call = (...args: readonly unknown[]) => unknown;

/**
 * The definition of a projection whose handlers are the methods of an instance.
 *
 * @throws {@link ProjectionClassError} when it cannot work.
 */
export function defineFromClass(found: FoundProjection, storeOf: StoreOf): ProjectionDefinition {
  try {
    return define(found, storeOf);
  } catch (error) {
    if (!hasJetsourceBrand(error) || error.code === 'projection-class') throw error;
    throw refuse(found, error.message, error);
  }
}

function define(found: FoundProjection, storeOf: StoreOf): ProjectionDefinition {
  const { metadata, instance } = found;
  const handlers = handlersOf(found);
  if (metadata.style === 'live') {
    const { eventStore: _, ...live } = metadata.options;
    return liveProjection(found, live, handlers);
  }
  const { eventStore: _, store: __, ...options } = metadata.options;
  const setUp = async (tx: unknown): Promise<unknown> => optionalMethod(instance, 'setUp')?.(tx);
  const stored = { ...options, events: handlers.events, store: storeOf(), setUp };
  if (metadata.style === 'statements') return statementProjection(found, stored, handlers);
  const { table, keyColumn, key } = metadata.options;
  return rowProjection(found, { ...stored, table, keyColumn, key }, handlers);
}

function liveProjection(
  found: FoundProjection,
  options: LiveProjectionClassOptions,
  { events, methods }: Handlers,
): ProjectionDefinition {
  const { instance } = found;
  const reset = requiredMethod(found, 'reset');
  const initial = (): object => {
    reset();
    return instance;
  };
  const on = mapValues(
    methods,
    (method, name) => (_state: object, event: RecordedEvent, context: HandlerContext) =>
      void requireSync(name, methodOf(instance, method)(event, context)),
  );
  return defineProjection({ ...options, events, initial, on });
}

function statementProjection(
  found: FoundProjection,
  stored: StoredProjectionOptions<unknown, ProjectedEvents>,
  { methods }: Handlers,
): ProjectionDefinition {
  const clear = requiredMethod(found, 'clear');
  const on = mapValues(
    methods,
    (method) => (event: RecordedEvent, tx: unknown, context: HandlerContext) =>
      methodOf(found.instance, method)(event, tx, context) as Promise<void> | void,
  );
  return defineProjection<unknown, ProjectedEvents>({ ...stored, clear: async (tx) => clear(tx), on });
}

function rowProjection(
  { instance }: FoundProjection,
  stored: Omit<RowProjectionOptions<unknown, ProjectedEvents, object>, 'on'>,
  { methods }: Handlers,
): ProjectionDefinition {
  const on = mapValues(
    methods,
    (method, name) => (row: object | undefined, event: RecordedEvent, context: RowContext) =>
      requireSync(name, methodOf(instance, method)(row, event, context)) as object | undefined,
  );
  return defineProjection<unknown, ProjectedEvents, object>({ ...stored, on });
}

function handlersOf(found: FoundProjection): Handlers {
  const { instance } = found;
  const events: Record<string, EventDefinition> = {};
  const methods = new Map<string, string | symbol>();
  for (const { method, events: handled } of onMethodsOf(Object.getPrototypeOf(instance))) {
    for (const event of handled) {
      const name = isPlainEventType(event) ? event.name : declarationOf(event).name;
      const other = methods.get(name);
      if (other !== undefined && other !== method)
        throw refuse(found, `${name} is handled by two methods, ${String(other)} and ${String(method)}`);
      events[name] = event;
      methods.set(name, method);
    }
  }
  if (methods.size > 0) return { events, methods };
  throw refuse(found, 'it handles no event; decorate methods with @On(OrderPlaced)');
}

function requiredMethod(found: FoundProjection, name: string): Call {
  const method = optionalMethod(found.instance, name);
  if (method !== undefined) return method;
  throw refuse(found, `it has no method ${name}()`);
}

function optionalMethod(instance: object, name: string): Call | undefined {
  return typeof Reflect.get(instance, name) === 'function' ? methodOf(instance, name) : undefined;
}

/** Looked up at each call, so that a test can put a spy in its place. */
function methodOf(instance: object, name: string | symbol): Call {
  return (...args) => Reflect.apply(Reflect.get(instance, name) as Call, instance, args);
}

/** Rows and live models are folded in memory: what an async method does later is in no order. */
function requireSync(name: string, result: unknown): unknown {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return result;
  throw new InvalidOptionError({
    option: `@On(${name})`,
    given: result,
    allowed: 'a method that is not async',
  });
}

function mapValues<V, W>(
  map: ReadonlyMap<string, V>,
  change: (value: V, name: string) => W,
): Record<string, W> {
  return Object.fromEntries([...map].map(([name, value]) => [name, change(value, name)]));
}
