import type { EventStore } from '../../src/index.js';
import type { Counted } from '../support/order-events.js';
import { eventKey, groupKey, type Tally } from './tallies.js';

/** A database as a reader sees it. */
export interface ReadDatabase {
  query(sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>;
}

/** What a tally of the log has to be. */
export interface FreshFold {
  /** By stream. */
  readonly streams: ReadonlyMap<string, number>;
  /** By group. */
  readonly groups: ReadonlyMap<string, number>;
  /** Ids of the events. */
  readonly events: ReadonlySet<string>;
}

/** An event as the model notes it. */
export interface Handled {
  readonly event: string;
  readonly stream: string;
  readonly member: string;
  /** When it was handled, in milliseconds. */
  readonly at: number;
}

/** Folds the whole log, in memory. */
export async function freshFold(store: EventStore): Promise<FreshFold> {
  const streams = new Map<string, number>();
  const groups = new Map<string, number>();
  const events = new Set<string>();
  for await (const { id, stream, data } of store.readAll({ categories: ['tally'] })) {
    const group = groupKey((data as Counted).n);
    streams.set(stream.toString(), (streams.get(stream.toString()) ?? 0) + 1);
    groups.set(group, (groups.get(group) ?? 0) + 1);
    events.add(id);
  }
  return { streams, groups, events };
}

/** What is wrong with a tally; empty when each event was handled once. */
export async function checkTally(db: ReadDatabase, tally: Tally, fold: FreshFold): Promise<string[]> {
  const faults: string[] = [];
  const counts = await countsOf(db, tally);
  const expected = new Map([...fold.streams, ...(tally.style === 'rows' ? fold.groups : [])]);
  for (const [id, count] of expected) {
    const found = counts.get(id) ?? 0;
    if (found !== count) faults.push(`${tally.name}: ${id} was counted ${found} times, ${count} are stored`);
  }
  for (const id of counts.keys())
    if (!expected.has(id)) faults.push(`${tally.name}: ${id} is not in the log`);
  const handled = await handledBy(db, tally);
  const ids = new Set(handled.map(({ event }) => event));
  for (const id of fold.events) if (!ids.has(id)) faults.push(`${tally.name}: event ${id} is missing`);
  if (handled.length !== fold.events.size)
    faults.push(`${tally.name}: ${handled.length} events are noted, ${fold.events.size} are stored`);
  return faults;
}

/** Each event that was handled, in the order in which that was done. */
export async function handledBy(db: ReadDatabase, { name, style }: Tally): Promise<Handled[]> {
  const from =
    style === 'rows'
      ? `substr(id, ${eventKey('').length + 1}) as event, stream, member, at from tally_${name} where id like 'event %'`
      : `event_id as event, stream, member, at from handled_${name}`;
  const rows = await db.query(`select ${from} order by at`);
  return rows.map(({ event, stream, member, at }) => ({
    event: String(event),
    stream: String(stream),
    member: String(member),
    at: new Date(at as string).getTime(),
  }));
}

/** How many events a tally has handled. */
export async function countHandled(db: ReadDatabase, { name, style }: Tally): Promise<number> {
  const from = style === 'rows' ? `tally_${name} where id like 'event %'` : `handled_${name}`;
  const [row] = await db.query(`select count(*)::int as count from ${from}`);
  return Number(row?.['count']);
}

async function countsOf(db: ReadDatabase, { name }: Tally): Promise<Map<string, number>> {
  const rows = await db.query(`select id, count from tally_${name} where id not like 'event %'`);
  return new Map(rows.map(({ id, count }) => [String(id), Number(count)]));
}
