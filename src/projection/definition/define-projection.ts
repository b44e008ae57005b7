import { declarationOf } from '../../event/event-type.js';
import { isPlainEventType } from '../../event/plain-event-type.js';
import { streamName } from '../../event/stream-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { integerOption } from '../../kernel/options.js';
import { checkFunction, checkOptionalFunction, checkOptionsObject } from '../checked-options.js';
import type { EventHandler } from './event-handler.js';
import type { ProjectionDefinition } from './projection-definition.js';
import type { ProjectedEvents, ProjectionOptions } from './projection-options.js';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const KNOWN = ['name', 'version', 'categories', 'store', 'setUp', 'clear', 'onCorrupt', 'events', 'on'];

/**
 * Describes a durable read model: a fold of events into a database. The events of up to 500 commits and the
 * checkpoint after them are committed in one transaction, so each event is in the model exactly once, even
 * when the process, the database or the log fails in between.
 *
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
 * @throws {@link EventRegistrationError} when a class has no event type.
 * @example
 * const summary = defineProjection({
 *   name: 'order-summary',
 *   categories: ['order'],
 *   store: postgresProjectionStore(pglite(db)),
 *   setUp: (tx) =>
 *     tx.query('create table if not exists order_summary (customer text primary key, orders int not null)'),
 *   clear: (tx) => tx.query('delete from order_summary'),
 *   events: { OrderPlaced },
 *   on: {
 *     OrderPlaced: async (event, tx) => {
 *       await tx.query(
 *         `insert into order_summary values ($1, 1)
 *          on conflict (customer) do update set orders = order_summary.orders + 1`,
 *         [event.data.customer],
 *       );
 *     },
 *   },
 * });
 */
export function defineProjection<Tx, Events extends ProjectedEvents>(
  options: ProjectionOptions<Tx, Events>,
): ProjectionDefinition<Tx> {
  checkOptionsObject(options, { object: 'projection', prefix: 'projection.', known: KNOWN });
  checkTables(options);
  return {
    name: checkedName(options.name),
    version: integerOption('projection.version', options.version, { fallback: 1 }),
    categories: checkedCategories(options.categories),
    store: options.store,
    handlers: handlersByType(options),
    onCorrupt: options.onCorrupt,
    setUp: async (tx) => options.setUp?.(tx),
    clear: async (tx) => options.clear(tx),
  };
}

/** What the model's tables need, as a caller without types may give it. */
function checkTables(given: {
  readonly store?: { readonly transact?: unknown };
  readonly setUp?: unknown;
  readonly clear?: unknown;
  readonly onCorrupt?: unknown;
}): void {
  const { store, setUp, clear, onCorrupt } = given;
  checkOptionalFunction('projection.onCorrupt', onCorrupt);
  checkOptionalFunction('projection.setUp', setUp);
  checkFunction('projection.clear', clear);
  if (typeof store?.transact === 'function') return;
  const allowed = 'a ProjectionStore, such as postgresProjectionStore(…) or inMemoryProjectionStore(…)';
  throw new InvalidOptionError({ option: 'projection.store', given: store, allowed });
}

function checkedName(name: string): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  const allowed = 'a letter, then letters, digits, _ or -, 64 characters at most';
  throw new InvalidOptionError({ option: 'projection.name', given: name, allowed });
}

function checkedCategories(categories: readonly string[] | undefined): readonly string[] | undefined {
  if (categories === undefined) return undefined;
  const option = 'projection.categories';
  if (!Array.isArray(categories) || categories.length === 0) {
    throw new InvalidOptionError({ option, given: categories, allowed: 'a list of at least one category' });
  }
  for (const category of categories) {
    try {
      streamName(category, 'any');
    } catch (cause) {
      throw new InvalidOptionError({ option, given: category, allowed: 'categories of streams' }, { cause });
    }
  }
  return [...new Set(categories)];
}

function handlersByType<Tx, Events extends ProjectedEvents>(
  options: ProjectionOptions<Tx, Events>,
): ReadonlyMap<string, EventHandler<Tx>> {
  checkEvents(options.events);
  const known = Object.keys(options.events);
  checkOptionsObject(options.on, { object: 'projection.on', prefix: 'projection.on.', known });
  const handlers = new Map<string, EventHandler<Tx>>();
  for (const [name, definition] of Object.entries(options.events)) {
    const type = isPlainEventType(definition) ? definition.name : declarationOf(definition).name;
    const handle = options.on[name] as EventHandler<Tx>['handle'];
    const option = `projection.on.${name}`;
    checkFunction(option, handle);
    if (handlers.has(type)) {
      throw new InvalidOptionError({ option, given: type, allowed: 'the only handler of its event type' });
    }
    handlers.set(type, { definition, handle });
  }
  return handlers;
}

function checkEvents(events: ProjectedEvents): void {
  if (typeof events !== 'object' || events === null || Array.isArray(events)) {
    const allowed = 'an object of event types, such as { OrderPlaced }';
    throw new InvalidOptionError({ option: 'projection.events', given: events, allowed });
  }
  for (const [name, given] of Object.entries(events)) {
    if (typeof given === 'function' || isPlainEventType(given)) continue;
    const allowed = 'an event class, or what eventType(…) returned';
    throw new InvalidOptionError({ option: `projection.events.${name}`, given, allowed });
  }
}
