import assert from 'node:assert/strict';
import { streamName } from '../../event/stream-name.js';
import type { ConformanceCase, ConformanceContext } from './conformance-case.js';
import { Counted, counted, Noted } from './conformance-events.js';
import { collect, fails, numbersIn, versionOf } from './conformance-support.js';

const HOSTILE_IDS = [
  'a.b',
  'a b',
  '*',
  '>',
  'a/b',
  '%2E',
  'x.*',
  'x.>',
  '\r\nPUB x 0',
  '..',
  ' ',
  '\t',
  '$JS.API',
  'Ådne 漢字 🦜',
];

/**
 * Cases of stream names, event data, metadata and options: what is stored unchanged, and what is rejected
 * before anything is sent.
 */
export const identityCases: readonly ConformanceCase[] = [
  {
    name: 'Unicode in data, metadata and stream ids is stored unchanged',
    async run({ store, category }) {
      const order = streamName(category, 'Ådne 漢字 🦜 \u202e e\u0301');
      const text = 'ﷺ 🏳️‍🌈 \u0000 “q” \u2028 ẞ';
      await store.append(order, [new Noted(text)], { metadata: { actor: text, [text]: text } });
      const [event] = await collect(store.read(order, { consistency: 'leader' }));
      assert.deepStrictEqual(event?.data, new Noted(text));
      assert.equal(event.metadata.actor, text);
      assert.equal(event.metadata[text], text);
      assert.equal(event.stream.id, order.id);
    },
  },
  {
    name: 'ids with characters that a subject cannot hold name separate streams',
    async run({ store, another, category }) {
      const reader = await another();
      for (const [index, id] of HOSTILE_IDS.entries()) {
        await store.append(streamName(category, id), counted(index), { expect: 'none' });
      }
      for (const [index, id] of HOSTILE_IDS.entries()) {
        assert.deepStrictEqual(await numbersIn(reader, streamName(category, id)), [index]);
      }
      for (const id of ['a', 'b', 'x', 'x.*x', '%2e']) {
        assert.equal(await versionOf(store, streamName(category, id)), 0);
      }
      const events = await collect(reader.readAll({ categories: [category] }));
      assert.deepStrictEqual(
        events.map(({ stream }) => stream.id),
        HOSTILE_IDS,
      );
    },
  },
  {
    name: 'a stream may be named by a text, its category and id with a slash between',
    async run({ store, category }) {
      const id = 'a/b 1';
      const { stream } = await store.append(`${category}/${id}`, counted(1), { expect: 'none' });
      assert.deepStrictEqual({ category: stream.category, id: stream.id }, { category, id });
      await store.transact([{ stream: `${category}/${id}`, expect: 1, events: counted(2) }]);
      assert.deepStrictEqual(await numbersIn(store, streamName(category, id)), [1, 2]);
      assert.equal((await store.status(`${category}/${id}`)).version, 2);
      assert.equal((await store.readCommits(`${category}/${id}`)).version, 2);
    },
  },
  {
    name: 'an id that is empty, no text, half a surrogate pair or too long is refused',
    async run({ category }) {
      const given = ['', undefined, null, 42, {}, 'a\ud83e', 'x'.repeat(1_025), '漢'.repeat(200)];
      for (const id of given) {
        const naming = async (): Promise<unknown> => streamName(category, id as string);
        await fails(naming, { name: 'InvalidStreamNameError', outcome: 'not-applied' });
      }
    },
  },
  {
    name: 'the longest id can be written and read',
    async run({ store, category }) {
      const order = streamName(category, 'x'.repeat(1_024));
      await store.append(order, counted(1));
      assert.deepStrictEqual(await numbersIn(store, order), [1]);
    },
  },
  {
    name: 'an invalid category is rejected: empty, with a wildcard, with a dot, or starting with $',
    async run() {
      for (const category of ['', '*', 'a.b', 'a b', '>', '$audit', '1st', 'x'.repeat(65), undefined]) {
        const naming = async (): Promise<unknown> => streamName(category as string, 'id');
        await fails(naming, { name: 'InvalidStreamNameError', outcome: 'not-applied' });
      }
    },
  },
  ...refusals('metadata that are not plain JSON', 'InvalidEventError', [
    async ({ store, stream }) =>
      store.append(stream(), counted(1), { metadata: { at: new Date() as never } }),
    async ({ store, stream }) => store.append(stream(), counted(1), { metadata: new Map() as never }),
    async ({ store, stream }) => store.append(stream(), counted(1), { metadata: [] as never }),
    async ({ store, stream }) => store.append(stream(), counted(1), { metadata: { n: Number.NaN } }),
    async ({ store, stream }) => store.append(stream(), counted(1), { metadata: { n: 1n as never } }),
    async ({ store, stream }) => store.append(stream(), counted(1), { metadata: { actor: 5 as never } }),
  ]),
  ...refusals('metadata with keys that the store writes', 'InvalidEventError', [
    async ({ store, stream }) => store.append(stream(), counted(1), { metadata: { commandId: 'x' } }),
    async ({ store, stream }) => store.append(stream(), counted(1), { metadata: { transaction: 'x' } }),
  ]),
  ...refusals('a stream that is neither a name nor a text with a slash', 'InvalidOptionError', [
    async ({ store }) => store.append('order' as never, counted(1)),
    async ({ store }) => store.append({ category: 'order', id: '1' } as never, counted(1)),
    async ({ store }) => store.append(undefined as never, counted(1)),
    async ({ store }) => collect(store.read('/1' as never)),
    async ({ store }) => store.status('' as never),
    async ({ store }) => store.readCommits(1 as never),
  ]),
  ...refusals('an event that JSON cannot hold', 'InvalidEventError', [
    async ({ store, stream }) => store.append(stream(), [new Counted(1n as never)]),
    async ({ store, stream }) => store.append(stream(), [null as never]),
    async ({ store, stream }) => store.append(stream(), ['text' as never]),
  ]),
  ...refusals('an event of an unregistered class', 'EventRegistrationError', [
    async ({ store, stream }) => store.append(stream(), [{}]),
    async ({ store, stream }) => store.append(stream(), [new Counted(1), new (class Foreign {})()]),
  ]),
  ...refusals('invalid options', 'InvalidOptionError', [
    async ({ store, stream }) => store.append(stream(), new Counted(1) as never),
    async ({ store, stream }) => store.append(stream(), counted(1), { expected: 1 } as never),
    async ({ store, stream }) => store.append(stream(), counted(1), { expect: -1 }),
    async ({ store, stream }) => store.append(stream(), counted(1), { expect: 1.5 }),
    async ({ store, stream }) => store.append(stream(), counted(1), { expect: '1' as never }),
    async ({ store, stream }) => store.append(stream(), counted(1), { deadlineMs: 0 }),
    async ({ store, stream }) => store.append(stream(), counted(1), { commandId: '' }),
    async ({ store, stream }) => store.append(stream(), counted(1), { commandId: 'x'.repeat(201) }),
    async ({ store, stream }) => store.append(stream(), counted(1), { commandId: 'a\ud83e' }),
    async ({ store, stream }) => store.append(stream(), [], { expect: -1 }),
  ]),
];

function refusals(
  what: string,
  error: string,
  works: readonly ((context: ConformanceContext) => Promise<unknown>)[],
): ConformanceCase[] {
  const run = async (context: ConformanceContext): Promise<void> => {
    for (const work of works) {
      await fails(async () => work(context), { name: error, outcome: 'not-applied' });
    }
    assert.deepStrictEqual(await collect(context.store.readAll({ categories: [context.category] })), []);
  };
  return [{ name: `rejected before anything is sent: ${what}`, run }];
}
