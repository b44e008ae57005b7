import { setProjectionMetadata } from './projection-class-metadata.js';
import type {
  LiveProjectionClassOptions,
  ProjectionClassOptions,
  RowProjectionClassOptions,
} from './projection-class-options.js';

type ClassOf<Instance extends object> = abstract new (...args: never[]) => Instance;

/** What a class in statement style has beside its methods with {@link On}. */
export interface StatementProjectionClass {
  /** Empties the tables: before the first event, and for a rebuild. */
  clear(tx: never): Promise<unknown>;
  /** Creates the tables. Runs at every start, so it has to accept those that exist already. @default nothing */
  setUp?(tx: never): Promise<unknown>;
}

/** What a class in live style has beside its methods with {@link On}. */
export interface LiveProjectionClass {
  /** Sets the fields to their state before the first event: at the start, and for a rebuild. */
  reset(): void;
}

/**
 * Makes a provider class a projection, with injected dependencies. It is listed in `providers` of any module of
 * the application, and runs with the application. The methods with {@link On} handle its events.
 *
 * With `table` and `key` it is in row style: the methods `(row, event, context)` return the row after the
 * event, or `undefined` to delete it. Otherwise it is in statement style: the methods
 * `(event, tx, context)` write through the transaction `tx`, and `clear(tx)` empties the tables. In both, a
 * method `setUp(tx)` creates the tables.
 *
 * What cannot work ends the start of the application: {@link ProjectionClassError} names the class.
 *
 * @example
 * \@Projection({ name: 'order-list', categories: ['order'], table: 'order_list', key: (event) => event.stream.id })
 * class OrderList {
 *   setUp(tx: PGliteTransaction): Promise<unknown> {
 *     return tx.query('create table if not exists order_list (id text primary key, state text not null)');
 *   }
 *
 *   \@On(OrderPlaced)
 *   placed(): OrderRow {
 *     return { state: 'placed' };
 *   }
 *
 *   \@On(OrderShipped)
 *   shipped(row: OrderRow | undefined, event: RecordedEvent<OrderShipped>): OrderRow {
 *     return { ...row, state: `with ${event.data.carrier}` };
 *   }
 * }
 */
export function Projection<E extends object = object>(
  options: RowProjectionClassOptions<E>,
): (target: ClassOf<object>) => void;
/**
 * In statement style.
 *
 * @example
 * \@Projection({ name: 'customers', categories: ['order'], store: REPORTING })
 * class Customers {
 *   constructor(private readonly regions: Regions) {}
 *
 *   async clear(tx: PGliteTransaction): Promise<void> {
 *     await tx.query('delete from customers');
 *   }
 *
 *   \@On(OrderPlaced)
 *   async placed({ data }: RecordedEvent<OrderPlaced>, tx: PGliteTransaction): Promise<void> {
 *     await tx.query('insert into customers values ($1, $2)', [data.customer, this.regions.of(data.customer)]);
 *   }
 * }
 */
export function Projection(
  options: ProjectionClassOptions,
): (target: ClassOf<StatementProjectionClass>) => void;
export function Projection(options: ProjectionClassOptions | RowProjectionClassOptions) {
  return (target: ClassOf<object>): void => {
    setProjectionMetadata(
      target,
      'table' in options ? { style: 'rows', options } : { style: 'statements', options },
    );
  };
}

/**
 * Makes a provider class a projection in memory: its fields are the model, which each process has for itself
 * and reads directly. `reset()` sets them to their state before the first event, and the methods with
 * {@link On}, `(event, context)`, change them. They must not be async. The application listens when the model
 * has caught up with the log.
 *
 * @example
 * \@LiveProjection({ name: 'open-orders', categories: ['order'] })
 * class OpenOrders {
 *   readonly ids = new Set<string>();
 *
 *   reset(): void {
 *     this.ids.clear();
 *   }
 *
 *   \@On(OrderPlaced)
 *   placed(event: RecordedEvent<OrderPlaced>): void {
 *     this.ids.add(event.stream.id);
 *   }
 * }
 */
export function LiveProjection(options: LiveProjectionClassOptions) {
  return (target: ClassOf<LiveProjectionClass>): void => {
    setProjectionMetadata(target, { style: 'live', options });
  };
}
