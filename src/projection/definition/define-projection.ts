import type { EventDefinition } from '../../event/event-registry.js';
import { declarationOf } from '../../event/event-type.js';
import { BUS_CATEGORY } from '../../event/notification.js';
import { isPlainEventType } from '../../event/plain-event-type.js';
import { SLOTS } from '../../event/slot.js';
import { streamName } from '../../event/stream-name.js';
import { checkedReplica } from '../../log/replica-source.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { integerOption } from '../../kernel/options.js';
import { checkFunction, checkOptionalFunction, checkOptionsObject } from '../checked-options.js';
import { LiveStore, type LiveHandler } from '../fold/live-store.js';
import type { ProjectionStore } from '../store/projection-store.js';
import { failurePolicy } from './failure-policy.js';
import type { LiveProjection } from './live-projection.js';
import type { LiveProjectionOptions } from './live-projection-options.js';
import type { ProjectionDefinition } from './projection-definition.js';
import type {
  CommonProjectionOptions,
  ProjectedEvents,
  ProjectionOptions,
  StoredProjectionOptions,
} from './projection-options.js';
import { checkedStart } from '../start/projection-start.js';
import { RowFold, type RowHandler } from '../fold/row-fold.js';
import type { RowProjectionOptions } from './row-projection-options.js';
import { StatementFold, type StatementHandler } from '../fold/statement-fold.js';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const OBJECT = { object: 'projection', prefix: 'projection.' };
const COMMON = [
  'name',
  'version',
  'categories',
  'events',
  'on',
  'from',
  'onFailure',
  'onCorrupt',
  'readFrom',
];
const STORED = [...COMMON, 'store', 'lanes', 'setUp'];

/**
 * Describes a read model: a fold of events into a database, or into memory. It has one of three styles:
 *
 * - statements: handlers that write through a transaction (`clear`, `on`);
 * - rows: handlers that compute rows of one table (`table`, `key`, `on`). The rows of a batch are read and
 * written together, which is the fastest way into a database;
 * - live: a state in the memory of each process (`initial`, `on`), read by {@link Projections.state}.
 *
 * The events of up to 500 commits and the checkpoint after them are committed in one transaction, so each
 * event is in the model exactly once, even when the process, the database or the log fails in between.
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
): ProjectionDefinition<Tx>;
/**
 * In row style.
 *
 * @example
 * const summary = defineProjection({
 *   name: 'order-summary',
 *   categories: ['order'],
 *   store: postgresProjectionStore(pglite(db)),
 *   setUp: (tx) =>
 *     tx.query('create table if not exists order_summary (customer text primary key, orders int not null)'),
 *   table: 'order_summary',
 *   keyColumn: 'customer',
 *   key: (event) => event.data.customer,
 *   events: { OrderPlaced },
 *   on: { OrderPlaced: (row: { orders: number } = { orders: 0 }) => ({ orders: row.orders + 1 }) },
 * });
 */
export function defineProjection<Tx, Events extends ProjectedEvents, R extends object>(
  options: RowProjectionOptions<Tx, Events, R>,
): ProjectionDefinition<Tx>;
/**
 * In live style.
 *
 * @example
 * const orderCount = defineProjection({
 *   name: 'order-count',
 *   categories: ['order'],
 *   initial: () => new Map<string, number>(),
 *   events: { OrderPlaced },
 *   on: {
 *     OrderPlaced: (counts, { data }) => counts.set(data.customer, (counts.get(data.customer) ?? 0) + 1),
 *   },
 * });
 */
export function defineProjection<Events extends ProjectedEvents, State extends object>(
  options: LiveProjectionOptions<Events, State>,
): LiveProjection<State>;
export function defineProjection(
  options: AnyStatementOptions | AnyRowOptions | AnyLiveOptions,
): ProjectionDefinition {
  if (typeof options !== 'object' || options === null) return statementProjection(options);
  if ('initial' in options) return liveProjection(options);
  return 'table' in options ? rowProjection(options) : statementProjection(options);
}

type AnyStatementOptions = ProjectionOptions<unknown, ProjectedEvents>;
type AnyRowOptions = RowProjectionOptions<unknown, ProjectedEvents, object>;
type AnyLiveOptions = LiveProjectionOptions<ProjectedEvents, object>;

function statementProjection(options: AnyStatementOptions): ProjectionDefinition {
  checkOptionsObject(options, { ...OBJECT, known: [...STORED, 'clear'] });
  checkFunction('projection.clear', untyped(options)['clear']);
  const handlers = handlersByType(options, (name) => options.on[name] as StatementHandler<unknown>);
  const fold = new StatementFold(mapValues(handlers, handlerIn), async (tx) => options.clear(tx));
  return { ...storedParts(options, handlers), fold };
}

function rowProjection(options: AnyRowOptions): ProjectionDefinition {
  checkOptionsObject(options, { ...OBJECT, known: [...STORED, 'table', 'keyColumn', 'key'] });
  const handlers = handlersByType(options, (name) => ({
    keysOf: keyOf(options, name),
    handle: options.on[name] as RowHandler['handle'],
  }));
  const parts = storedParts(options, handlers);
  const { rows } = options.store;
  if (rows === undefined) {
    const allowed = 'a store that reads and writes rows, such as postgresProjectionStore(…)';
    throw new InvalidOptionError({ option: 'projection.store', given: options.store, allowed });
  }
  checkLanes(options, { lanes: parts.lanes, areShared: rows.areShared ?? true });
  const { keyColumn = 'id', table } = options;
  checkText('projection.table', table);
  checkText('projection.keyColumn', keyColumn);
  return {
    ...parts,
    fold: new RowFold({ table, keyColumn, rows, handlers: mapValues(handlers, handlerIn) }),
  };
}

function liveProjection(options: AnyLiveOptions): LiveProjection<object> {
  checkOptionsObject(options, { ...OBJECT, known: [...COMMON, 'initial'] });
  checkFunction('projection.initial', untyped(options)['initial']);
  const handlers = handlersByType(options, (name) => options.on[name] as LiveHandler<object>);
  const store = new LiveStore(() => options.initial(), mapValues(handlers, handlerIn));
  return {
    // what changes a state in place cannot be repeated
    ...commonParts(options, { handlers, maxAttempts: 1 }),
    lanes: 1,
    isLive: true,
    store,
    fold: store,
    setUp: async () => undefined,
  } as LiveProjection<object>;
}

/** Whatever a projection does with an event type. */
interface TypeHandler<Handler> {
  readonly definition: EventDefinition;
  readonly handler: Handler;
}

function handlerIn<Handler>({ handler }: TypeHandler<Handler>): Handler {
  return handler;
}

function mapValues<V, W>(map: ReadonlyMap<string, V>, change: (value: V) => W): ReadonlyMap<string, W> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}

function commonParts<Handler>(
  options: CommonProjectionOptions<ProjectedEvents>,
  {
    handlers,
    maxAttempts = 5,
  }: { handlers: ReadonlyMap<string, TypeHandler<Handler>>; maxAttempts?: number },
) {
  checkOptionalFunction('projection.onCorrupt', options.onCorrupt);
  return {
    name: checkedName(options.name),
    version: integerOption('projection.version', options.version, { fallback: 1 }),
    categories: checkedCategories(options.categories),
    events: mapValues(handlers, ({ definition }) => definition),
    from: checkedStart(options.from),
    failure: failurePolicy(options.onFailure, { maxAttempts }),
    readFrom: checkedReplica('projection.readFrom', options.readFrom),
    onCorrupt: options.onCorrupt,
  };
}

function storedParts<Handler>(
  options: StoredProjectionOptions<unknown, ProjectedEvents>,
  handlers: ReadonlyMap<string, TypeHandler<Handler>>,
): Omit<ProjectionDefinition, 'fold'> {
  checkStore(options.store);
  checkOptionalFunction('projection.setUp', untyped(options)['setUp']);
  return {
    ...commonParts(options, { handlers }),
    lanes: integerOption('projection.lanes', options.lanes, { fallback: 1, max: SLOTS }),
    isLive: false,
    store: options.store,
    setUp: async (tx) => options.setUp?.(tx),
  };
}

/** Callers without types may give anything. */
function untyped(options: object): Readonly<Record<string, unknown>> {
  return options as Readonly<Record<string, unknown>>;
}

function checkStore(store: Partial<ProjectionStore<unknown>> | undefined): void {
  if (typeof store?.transact === 'function') return;
  const allowed = 'a ProjectionStore, such as postgresProjectionStore(…) or inMemoryProjectionStore(…)';
  throw new InvalidOptionError({ option: 'projection.store', given: store, allowed });
}

function checkText(option: string, given: unknown): void {
  if (typeof given === 'string' && given !== '') return;
  throw new InvalidOptionError({ option, given, allowed: 'a name' });
}

/** In lanes, a row that another lane may write has to be locked. */
function checkLanes(
  { key }: AnyRowOptions,
  { lanes, areShared }: { readonly lanes: number; readonly areShared: boolean },
): void {
  if (lanes === 1 || areShared || key === 'stream') return;
  const allowed = "1 in a store that locks no rows, such as a KV bucket, unless projection.key is 'stream'";
  throw new InvalidOptionError({ option: 'projection.lanes', given: lanes, allowed });
}

function keyOf({ key, categories, events }: AnyRowOptions, name: string): RowHandler['keysOf'] {
  if (key === 'stream') {
    // two categories may have streams of one id, in different lanes, and notifications have no stream
    if (categories?.length === 1 && categories[0] !== BUS_CATEGORY) return ({ stream }) => stream.id;
    const allowed = "a list of one category, not $bus, where projection.key is 'stream'";
    throw new InvalidOptionError({ option: 'projection.categories', given: categories, allowed });
  }
  if (typeof key === 'function') return key as RowHandler['keysOf'];
  checkOptionsObject(key, {
    object: 'projection.key',
    prefix: 'projection.key.',
    known: Object.keys(events),
  });
  const ofType = (key as Readonly<Record<string, unknown>>)[name];
  checkFunction(`projection.key.${name}`, ofType);
  return ofType as RowHandler['keysOf'];
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
    if (category === BUS_CATEGORY) continue;
    try {
      streamName(category, 'any');
    } catch (cause) {
      const allowed = 'categories of streams, or $bus for notifications';
      throw new InvalidOptionError({ option, given: category, allowed }, { cause });
    }
  }
  return [...new Set(categories)];
}

/** Checks that there is one handler for each of the event types. */
function handlersByType<Handler>(
  options: { readonly events: ProjectedEvents; readonly on: Readonly<Record<string, unknown>> },
  handlerOf: (name: string) => Handler,
): ReadonlyMap<string, TypeHandler<Handler>> {
  checkEvents(options.events);
  const known = Object.keys(options.events);
  checkOptionsObject(options.on, { object: 'projection.on', prefix: 'projection.on.', known });
  const handlers = new Map<string, TypeHandler<Handler>>();
  for (const [name, definition] of Object.entries(options.events)) {
    const type = isPlainEventType(definition) ? definition.name : declarationOf(definition).name;
    const option = `projection.on.${name}`;
    checkFunction(option, options.on[name]);
    if (handlers.has(type)) {
      throw new InvalidOptionError({ option, given: type, allowed: 'the only handler of its event type' });
    }
    handlers.set(type, { definition, handler: handlerOf(name) });
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
