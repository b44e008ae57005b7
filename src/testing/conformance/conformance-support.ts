import assert from 'node:assert/strict';
import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { ReadAllOptions } from '../../event-store/replay/read-all-options.js';
import type { ReadOptions } from '../../event-store/read/read-options.js';
import type { JetsourceError } from '../../kernel/jetsource-error.js';
import type { Counted } from './conformance-events.js';

/** Collects the items of an iteration, or the first `limit` of them. */
export async function collect<T>(items: AsyncIterable<T>, limit = Infinity): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) {
    collected.push(item);
    if (collected.length >= limit) break;
  }
  return collected;
}

/** The numbers of a stream of `Counted` events, read at the leader. */
export async function numbersIn(
  store: EventStore,
  stream: StreamName,
  options: ReadOptions = {},
): Promise<number[]> {
  const events = await collect(store.read(stream, { consistency: 'leader', ...options }));
  return events.map(({ data }) => (data as Counted).n);
}

/** The numbers of all `Counted` events that `readAll` returns. */
export async function numbersInAll(store: EventStore, options: ReadAllOptions): Promise<number[]> {
  return (await collect(store.readAll(options))).map(({ data }) => (data as Counted).n);
}

/** Integers from one to another, both included, ascending or descending. */
export function range(from: number, to: number): number[] {
  const step = from <= to ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + index * step);
}

export async function versionOf(store: EventStore, stream: StreamName): Promise<number> {
  return (await store.status(stream, { consistency: 'leader' })).version;
}

/** Expects an error with the given fields and returns it. */
export async function fails(
  work: () => Promise<unknown>,
  expected: Readonly<Record<string, unknown>>,
): Promise<JetsourceError> {
  const error = await work().then(
    (value) => assert.fail(`expected an error, but got ${JSON.stringify(value)?.slice(0, 200)}`),
    (reason: unknown) => reason as JetsourceError,
  );
  holds(error, expected);
  return error;
}

/** Expects a value to have the given members. It can have others. */
export function holds(value: unknown, expected: Readonly<Record<string, unknown>>): void {
  const members = value as Readonly<Record<string, unknown>>;
  const found = Object.fromEntries(Object.keys(expected).map((key) => [key, members[key]]));
  assert.deepStrictEqual(found, expected);
}

/** Waits until a condition is true. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `timed out after 10 s waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
