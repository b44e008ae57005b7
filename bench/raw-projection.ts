// Projections as one writes them by hand: batches of 500 in one transaction, with their position in it.
import type { JsMsg } from '@nats-io/jetstream';
import type { RawOrder } from './order-log.js';
import { add, type Queries, sqlFor, type Sums } from './order-models.js';

const BATCH = 500;
const SQL = sqlFor('by_hand');

/** A database of either driver. */
export type Transact = (work: (tx: Queries) => Promise<void>) => Promise<void>;

export type RawStyle = (tx: Queries, orders: readonly RawOrder[]) => Promise<void>;

/** One statement for all the events. */
export async function folded(tx: Queries, orders: readonly RawOrder[]): Promise<void> {
  const sums = new Map<string, Sums>();
  for (const order of orders) add(sums, order);
  const values = [...sums.values()];
  await tx.query(SQL.many, [
    [...sums.keys()],
    values.map((sum) => sum.orders),
    values.map((sum) => sum.amount),
  ]);
}

/** One statement for each event. */
export async function single(tx: Queries, orders: readonly RawOrder[]): Promise<void> {
  for (const { data } of orders) await tx.query(SQL.one, [data.customer, data.amount]);
}

/** Empties the tables of a raw projection, or creates them. */
export async function clearRaw(transact: Transact): Promise<void> {
  await transact(async (tx) => {
    await tx.query(SQL.create);
    await tx.query(SQL.clear);
    await tx.query('create table if not exists progress (id int primary key, sequence bigint not null)');
    await tx.query('insert into progress values (1, 0) on conflict (id) do update set sequence = 0');
  });
}

/** Applies messages, and their position, in one transaction. */
export async function applyRaw(
  transact: Transact,
  style: RawStyle,
  messages: readonly JsMsg[],
): Promise<void> {
  const orders = messages.map((message) => JSON.parse(message.string()) as RawOrder);
  await transact(async (tx) => {
    await tx.query('update progress set sequence = $1 where id = 1', [messages.at(-1)?.seq]);
    await style(tx, orders);
  });
}

/** Applies all messages. @returns how many they were. */
export async function projectRaw(
  transact: Transact,
  style: RawStyle,
  messages: AsyncIterable<JsMsg>,
): Promise<number> {
  let batch: JsMsg[] = [];
  let count = 0;
  for await (const message of messages) {
    batch.push(message);
    count += 1;
    if (batch.length < BATCH) continue;
    await applyRaw(transact, style, batch);
    batch = [];
  }
  if (batch.length > 0) await applyRaw(transact, style, batch);
  return count;
}
