import type { JetStreamEventStore } from '../event-store/jetstream-event-store.js';
import { NatsError } from '../jetstream/connection/connection-errors.js';
import type { StoreStreamOptions } from '../jetstream/streams/store-stream.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';
import type { ModelId } from '../projection/store/model-id.js';
import type { ProjectionStore, ProjectionTransaction } from '../projection/store/projection-store.js';
import type { Row } from '../projection/store/row-tables.js';
import { Bucket } from './bucket.js';
import { keyOfRow, rowKey, rowsOf } from './bucket-keys.js';
import { openBucketStream } from './bucket-stream.js';
import { KvCheckpoints } from './kv-checkpoints.js';
import { KvParked } from './kv-parked.js';
import { KvRows, requireRow } from './kv-rows.js';
import { KvTransaction } from './kv-transaction.js';

const BUCKET = /^[A-Za-z0-9_-]{1,64}$/;

/** Options of {@link kvProjectionStore}. */
export interface KvProjectionStoreOptions extends StoreStreamOptions {
  /** Name of the bucket: letters, digits, `_` and `-`, 64 at most. It is created when it is missing. */
  readonly bucket: string;
}

/** A row that was stored, or deleted. */
export interface RowChange {
  readonly key: string;
  /** Undefined when it was deleted. */
  readonly row: Row | undefined;
}

/**
 * Keeps read models of projections in row style in a KV bucket of NATS, on the server of the event store: no
 * database is needed. Any client of NATS can read and watch it. A row is the JSON
 * `{ "position": "17.0", "row": { … } }` under the key `<table>.<key>`; a deleted row keeps its position and
 * has no `row`. Characters of keys that NATS does not allow are written as `=XX`, by the bytes of UTF-8. Keys
 * that begin with `=` are jetsource's own: checkpoints and parked events.
 *
 * Up to 500 rows are stored in one atomic batch with the checkpoint. Larger changes are stored in several: each
 * row has the position of its last event, so that a repeated event is not counted twice. A reader may then see
 * some rows before the others.
 *
 * - Versions of a projection need tables of different names. A rebuild is in place: the rows are purged, which
 * clients that watch the bucket are not told.
 * - A projection in several lanes has to use `key: 'stream'`.
 * - A bucket keeps replaced and purged rows on the disk for a while, and they cannot be deleted securely: keep
 * no personal data in it.
 *
 * @throws {@link InvalidOptionError} when an option cannot work.
 * @throws {@link JetStreamSettingsError} when the bucket exists with other settings than those needed.
 * @example
 * const models = await kvProjectionStore(store, { bucket: 'shop-models' });
 * const totals = defineProjection({
 *   name: 'totals',
 *   categories: ['order'],
 *   store: models,
 *   table: 'totals',
 *   key: (event) => event.data.customer,
 *   events: { OrderPlaced },
 *   on: { OrderPlaced: (row: Totals | undefined, _event) => ({ orders: (row?.orders ?? 0) + 1 }) },
 * });
 * await models.get('totals', 'ada');
 */
export async function kvProjectionStore(
  store: JetStreamEventStore,
  options: KvProjectionStoreOptions,
): Promise<KvProjectionStore> {
  checkKnownOptions(options, ['bucket', 'replicas', 'storage']);
  const { bucket: name, ...settings } = options;
  if (typeof name !== 'string' || !BUCKET.test(name)) {
    const allowed = 'letters, digits, _ and -, 64 at most';
    throw new InvalidOptionError({ option: 'bucket', given: name, allowed });
  }
  const largest = await openBucketStream(store, name, settings);
  return new KvProjectionStore(new Bucket(store.connection, { name, largest }));
}

/** What {@link kvProjectionStore} returns. */
export class KvProjectionStore implements ProjectionStore<KvTransaction> {
  readonly rows = new KvRows();
  readonly #bucket: Bucket;

  /** @internal use `kvProjectionStore` */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Name of the bucket. */
  get bucket(): string {
    return this.#bucket.name;
  }

  /**
   * A row, read from the leader; undefined when there is none.
   *
   * @throws {@link BucketNotFoundError} when the bucket was deleted; {@link NatsError} when the server does not
   * answer.
   */
  async get(table: string, key: string): Promise<Row | undefined> {
    const [entry] = await this.#bucket.read([rowKey(table, key)]);
    return entry?.value && requireRow(entry.value, { table, key }).row;
  }

  /**
   * All rows of a table, by key.
   *
   * @throws {@link BucketNotFoundError} when the bucket was deleted.
   */
  async table(name: string): Promise<ReadonlyMap<string, Row>> {
    const rows = new Map<string, Row>();
    // a row that changes meanwhile comes again
    for await (const { changes, caughtUp } of this.#changes(name)) {
      for (const { key, row } of changes) {
        if (row === undefined) rows.delete(key);
        else rows.set(key, row);
      }
      if (caughtUp) break;
    }
    return rows;
  }

  /**
   * The rows of a table, then their changes, until the signal aborts. A rebuild that empties the table is not
   * told, only the rows that it stores.
   *
   * @throws {@link BucketNotFoundError} when the bucket was deleted.
   */
  async *watch(
    table: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<RowChange, void, void> {
    checkKnownOptions(options, ['signal']);
    for await (const { changes } of this.#changes(table, options.signal)) yield* changes;
  }

  /** The name of the bucket. */
  async identity(): Promise<string> {
    return this.bucket;
  }

  isTransient(error: unknown): boolean {
    return error instanceof NatsError;
  }

  async transact<R>(
    _model: ModelId | undefined,
    work: (transaction: ProjectionTransaction<KvTransaction>) => Promise<R>,
  ): Promise<R> {
    const tx = new KvTransaction(this.#bucket);
    const result = await work({
      tx,
      checkpoints: new KvCheckpoints(tx),
      parked: new KvParked(tx),
      models: undefined,
    });
    await tx.commit();
    return result;
  }

  async *#changes(
    table: string,
    signal?: AbortSignal,
  ): AsyncGenerator<{ readonly changes: readonly RowChange[]; readonly caughtUp: boolean }, void, void> {
    for await (const { messages, caughtUp } of this.#bucket.follow(rowsOf(table), signal)) {
      const changes = messages.map(({ subject, data }) => {
        const key = keyOfRow(subject);
        return { key, row: data.length === 0 ? undefined : requireRow(data, { table, key }).row };
      });
      yield { changes, caughtUp };
    }
  }
}
