import assert from 'node:assert/strict';
import fc from 'fast-check';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import type { AppendResult, Expectation } from '../../src/event-store/append/append-options.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import type { ReadOptions } from '../../src/event-store/read/read-options.js';
import type { TransactionResult } from '../../src/event-store/append/transact-options.js';
import {
  CommandIdReusedError,
  TransactionConflictError,
  WrongExpectedVersionError,
} from '../../src/event-store/append/append-errors.js';
import { collect } from '../support/collect.js';
import { type Counted, counted } from '../support/order-events.js';
import { type ModelAppend, StoreModel } from './properties-model.js';

const OCCURRED_AT = '2026-01-01T00:00:00.000Z';

/** One handle on each of the two stores. */
export interface Pair {
  readonly real: EventStore;
  readonly memory: EventStore;
}

type Write = ModelAppend & { readonly handle: 0 | 1 };

export type Step =
  | { readonly kind: 'append'; readonly write: Write }
  | { readonly kind: 'transact'; readonly writes: readonly Write[] }
  | { readonly kind: 'read'; readonly stream: string; readonly options: ReadOptions }
  | { readonly kind: 'read all'; readonly from: number; readonly category: boolean }
  | { readonly kind: 'ask'; readonly stream: string; readonly after: number };

const streams = fc.constantFrom('a', 'b', 'c');
const expectation: fc.Arbitrary<Expectation> = fc.oneof(
  fc.constantFrom('any', 'none', 'exists'),
  fc.integer({ min: 0, max: 8 }),
);
const write: fc.Arbitrary<Write> = fc.record({
  stream: streams,
  count: fc.integer({ min: 0, max: 3 }),
  expect: expectation,
  commandId: fc.option(fc.constantFrom('x', 'y', 'z'), { nil: undefined, freq: 2 }),
  handle: fc.constantFrom(0, 1),
});
const version = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('append'), write }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('transact'),
      writes: fc
        .uniqueArray(write, { minLength: 1, maxLength: 3, selector: ({ stream: of }) => of })
        .filter((writes) => writes.some(({ count }) => count > 0)),
    }),
  },
  fc.record({
    kind: fc.constant('read'),
    stream: streams,
    options: fc.record({
      from: version,
      to: version,
      limit: version,
      direction: fc.constantFrom('forward', 'backward'),
    }),
  }),
  fc.record({
    kind: fc.constant('read all'),
    from: fc.integer({ min: 0, max: 12 }),
    category: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('ask'), stream: streams, after: fc.integer({ min: 0, max: 9 }) }),
);

/** One run. It uses its own streams in stores that all runs share. */
export class Run {
  readonly #handles: readonly Pair[];
  readonly #category: string;
  readonly #begin: number;
  readonly #model: StoreModel;
  #events = 0;

  constructor(handles: readonly Pair[], category: string, lastSequence: number) {
    this.#handles = handles;
    this.#category = category;
    this.#begin = lastSequence;
    this.#model = new StoreModel(lastSequence);
  }

  async take(next: Step): Promise<void> {
    if (next.kind === 'append') await this.#append(next.write);
    else if (next.kind === 'transact') await this.#transact(next.writes);
    else if (next.kind === 'read') await this.#read(next.stream, next.options);
    else if (next.kind === 'read all') await this.#readAll(next.from, next.category);
    else await this.#ask(next.stream, next.after);
  }

  async #append(given: Write): Promise<void> {
    const { expect: expected, commandId, count, handle } = given;
    const events = this.#newEvents(count);
    const options = { expect: expected, commandId, metadata: { occurredAt: OCCURRED_AT } };
    const answer = await this.#both(handle, async (store) =>
      store.append(this.#name(given.stream), events, options),
    );
    const predicted = this.#model.append(given);
    if ('reused' in predicted) assert.ok(answer instanceof CommandIdReusedError);
    else if ('expected' in predicted) {
      assert.ok(answer instanceof WrongExpectedVersionError);
      const { stream: of, expected: told, actual } = answer;
      assert.deepStrictEqual({ expected: told, actual }, predicted);
      assert.equal(of, String(this.#name(given.stream)));
    } else assert.deepStrictEqual(essence(answer as AppendResult), predicted);
  }

  async #transact(writes: readonly Write[]): Promise<void> {
    const [first] = writes as [Write];
    const commandId = first.commandId;
    const entries = writes.map((each) => ({
      stream: this.#name(each.stream),
      expect: each.expect,
      events: this.#newEvents(each.count),
    }));
    const options = { commandId, metadata: { occurredAt: OCCURRED_AT } };
    const answer = await this.#both(first.handle, async (store) => store.transact(entries, options));
    const predicted = this.#model.transact(writes.map((each) => ({ ...each, commandId })));
    if ('reused' in predicted) assert.ok(answer instanceof CommandIdReusedError);
    else if ('violations' in predicted) {
      assert.ok(answer instanceof TransactionConflictError);
      const indexes = answer.violations.map(({ index }) => index);
      assert.deepStrictEqual(indexes, predicted.violations);
    } else assert.deepStrictEqual((answer as TransactionResult).entries.map(essence), predicted);
  }

  async #read(of: string, options: ReadOptions): Promise<void> {
    const events = await this.#both(0, async (store) => collect(store.read(this.#name(of), options)));
    const total = this.#model.versionOf(of);
    const { from, to, limit, direction } = options;
    const up = Array.from({ length: total }, (_, index) => index + 1);
    const [all, low, high] = direction === 'backward' ? [up.toReversed(), to, from] : [up, from, to];
    const wanted = all.filter((each) => each >= (low ?? 1) && each <= (high ?? total)).slice(0, limit);
    const versions = (events as { version: number }[]).map((event) => event.version);
    assert.deepStrictEqual(versions, wanted);
  }

  async #readAll(from: number, category: boolean): Promise<void> {
    await this.#both(0, async (store) =>
      collect(
        store.readAll({
          from: { sequence: this.#begin + 1 + from },
          ...(category && { categories: [this.#category] }),
        }),
      ),
    );
  }

  async #ask(of: string, after: number): Promise<void> {
    const order = this.#name(of);
    const status = await this.#both(1, async (store) => store.status(order));
    assert.equal((status as { version: number }).version, this.#model.versionOf(of));
    await this.#both(0, async (store) => store.readCommits(order, { after: after as never }));
    await this.#both(0, async (store) => store.commitAt(this.#begin + 1 + after));
    await this.#both(0, async (store) => store.streamPage({ category: this.#category, limit: 2 }));
    await this.#both(0, async (store) => store.lastSequence());
  }

  /** The answer of both stores, which must be equal. */
  async #both(handle: 0 | 1, ask: (store: EventStore) => Promise<unknown>): Promise<unknown> {
    const { real, memory } = this.#handles[handle] as Pair;
    const caught = async (store: EventStore): Promise<unknown> => ask(store).catch((error: unknown) => error);
    const fromServer = await caught(real);
    const fromMemory = await caught(memory);
    assert.equal(comparable(fromMemory), comparable(fromServer));
    return fromServer;
  }

  #name(of: string): StreamName {
    return streamName(this.#category, `${of}.*>%2E `);
  }

  #newEvents(count: number): Counted[] {
    this.#events += count;
    return counted(this.#events - count + 1, this.#events);
  }
}

function essence({ version: reached, committed, position }: AppendResult): unknown {
  return { version: reached, committed, position };
}

/** Text of an answer without random ids and times. */
function comparable(answer: unknown): string {
  const shown = answer instanceof Error ? Object.assign({ text: answer.message }, answer) : answer;
  return JSON.stringify(shown, (key, value: unknown) => {
    if (['time', 'firstAt', 'lastAt', 'attemptId'].includes(key)) return undefined;
    if (typeof value !== 'string') return value;
    // UUID v7 is random, UUID v5 is computed from the command id
    return value.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}/g, 'random');
  });
}
