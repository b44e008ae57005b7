import assert from 'node:assert/strict';
import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { ReadAllOptions } from '../../event-store/replay/read-all-options.js';
import type { ReadOptions } from '../../event-store/read/read-options.js';
import type { JetsourceError } from '../../kernel/jetsource-error.js';
import type { Counted } from './conformance-events.js';

/** All that an iteration gives, or its first items. */
export async function collect<T>(items: AsyncIterable<T>, limit = Infinity): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) {
    collected.push(item);
    if (collected.length >= limit) break;
  }
  return collected;
}

/** The numbers of a stream of `Counted`, as the leader knows it. */
export async function numbersIn(
  store: EventStore,
  stream: StreamName,
  options: ReadOptions = {},
): Promise<number[]> {
  const events = await collect(store.read(stream, { consistency: 'leader', ...options }));
  return events.map(({ data }) => (data as Counted).n);
}

/** The numbers of all `Counted` that a read of the whole store gives. */
export async function numbersInAll(store: EventStore, options: ReadAllOptions): Promise<number[]> {
  return (await collect(store.readAll(options))).map(({ data }) => (data as Counted).n);
}

/** Whole numbers from one to another, both included, upwards or downwards. */
export function range(from: number, to: number): number[] {
  const step = from <= to ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + index * step);
}

export async function versionOf(store: EventStore, stream: StreamName): Promise<number> {
  return (await store.status(stream, { consistency: 'leader' })).version;
}

/** Expects an error with those fields, and gives it. */
export async function fails(
  work: () => Promise<unknown>,
  expected: Readonly<Record<string, unknown>>,
): Promise<JetsourceError> {
  const error = await work().then(
    (value) => assert.fail(`was expected to fail, but gave ${JSON.stringify(value)?.slice(0, 200)}`),
    (reason: unknown) => reason as JetsourceError,
  );
  holds(error, expected);
  return error;
}

/** Expects those members of a value to be as given; it may have others. */
export function holds(value: unknown, expected: Readonly<Record<string, unknown>>): void {
  const members = value as Readonly<Record<string, unknown>>;
  const found = Object.fromEntries(Object.keys(expected).map((key) => [key, members[key]]));
  assert.deepStrictEqual(found, expected);
}

/** Waits until something is true. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `${what} did not come true within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
