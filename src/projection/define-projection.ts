import type { EventDefinition } from '../event/event-registry.js';
import { declarationOf, type EventClass } from '../event/event-type.js';
import { PlainEventType } from '../event/plain-event-type.js';
import type { RecordedEvent } from '../event/recorded-event.js';
import { streamName } from '../event/stream-name.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import type { EventHandler } from './event-handler.js';
import type { ProjectionStore } from './projection-store.js';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const KEYS = ['name', 'version', 'categories', 'store', 'setUp', 'clear', 'events', 'on'];

/** Event classes and plain event types by the name that their handlers have in `on`. */
export type ProjectedEvents = Readonly<Record<string, EventDefinition>>;

/** The data of an event type: an instance of its class, or the plain data. */
export type DataOf<Definition extends EventDefinition> =
  Definition extends PlainEventType<string, infer Data>
    ? Data
    : Definition extends EventClass<infer Instance>
      ? Instance
      : never;

/** A handler for each of the classes. */
export type ProjectionHandlers<Events extends ProjectedEvents, Tx> = {
  readonly [Name in keyof Events]: (
    event: RecordedEvent<DataOf<Events[Name]>>,
    tx: Tx,
  ) => Promise<void> | void;
};

export interface ProjectionOptions<Tx, Events extends ProjectedEvents> {
  /** A letter, then letters, digits, `_` or `-`, 64 characters at most. Names the checkpoint: another name starts anew. */
  readonly name: string;
  /**
   * Goes up when the model has to be built differently. Each version has a checkpoint of its own and starts from the beginning of the log:
   * give each its own tables (`order_summary_v2`), then both can run until the readers have moved, in two processes (as a rolling update
   * has them) or in two `Projections`: one `Projections` knows its projections by name, and takes one version of each.
   *
   * @default 1
   */
  readonly version?: number | undefined;
  /** Only streams of these categories. @default all but jetsource's own (`$…`) */
  readonly categories?: readonly string[] | undefined;
  /** The database of the model. Handlers write through its transactions and through nothing else. */
  readonly store: ProjectionStore<Tx>;
  /** Creates the tables. Runs at every start, so it must not mind what exists (`create table if not exists`). @default nothing */
  setUp?(tx: Tx): Promise<unknown>;
  /** Empties the tables: before the first event, and for a rebuild. */
  clear(tx: Tx): Promise<unknown>;
  /** The event types that the model is made of: classes, or what {@link eventType} declared. Events of other types are passed over. */
  readonly events: Events;
  /** A handler for each of `events`, called in the order of the log; what it throws rolls its transaction back. */
  readonly on: ProjectionHandlers<Events, Tx>;
}

/** A projection as {@link defineProjection} made it. */
export interface ProjectionDefinition<Tx = unknown> {
  readonly name: string;
  readonly version: number;
  readonly categories: readonly string[] | undefined;
  readonly store: ProjectionStore<Tx>;
  /** By event type. */
  readonly handlers: ReadonlyMap<string, EventHandler<Tx>>;
  setUp(tx: Tx): Promise<unknown>;
  clear(tx: Tx): Promise<unknown>;
}

/**
 * Describes a durable read model: a fold of events into a database. The events of up to 500 commits and the checkpoint behind them are
 * committed in one transaction, so each event is in the model exactly once, whatever crashes.
 *
 * @throws {@link InvalidOptionError} when an option cannot work.
 * @throws {@link EventRegistrationError} when a class has no event type.
 * @example
 * const summary = defineProjection({
 *   name: 'order-summary',
 *   categories: ['order'],
 *   store: postgresProjectionStore(pglite(db)),
 *   setUp: (tx) => tx.exec('create table if not exists order_summary (customer text primary key, orders int not null)'),
 *   clear: (tx) => tx.query('delete from order_summary'),
 *   events: { OrderPlaced },
 *   on: {
 *     OrderPlaced: async (event, tx) => {
 *       await tx.query(
 *         'insert into order_summary values ($1, 1) on conflict (customer) do update set orders = order_summary.orders + 1',
 *         [event.data.customer],
 *       );
 *     },
 *   },
 * });
 */
export function defineProjection<Tx, Events extends ProjectedEvents>(
  options: ProjectionOptions<Tx, Events>,
): ProjectionDefinition<Tx> {
  checkKnownOptions(options, KEYS, 'projection.');
  return {
    name: checkedName(options.name),
    version: integerOption('projection.version', options.version, { fallback: 1 }),
    categories: checkedCategories(options.categories),
    store: options.store,
    handlers: handlersByType(options),
    setUp: async (tx) => options.setUp?.(tx),
    clear: async (tx) => options.clear(tx),
  };
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
  checkKnownOptions(options.on, Object.keys(options.events), 'projection.on.');
  const handlers = new Map<string, EventHandler<Tx>>();
  for (const [name, definition] of Object.entries(options.events)) {
    const type = definition instanceof PlainEventType ? definition.name : declarationOf(definition).name;
    const handle = options.on[name] as EventHandler<Tx>['handle'] | undefined;
    const option = `projection.on.${name}`;
    if (typeof handle !== 'function') {
      throw new InvalidOptionError({ option, given: handle, allowed: 'a function' });
    }
    if (handlers.has(type)) {
      throw new InvalidOptionError({ option, given: type, allowed: 'the only handler of its event type' });
    }
    handlers.set(type, { definition, handle });
  }
  return handlers;
}
