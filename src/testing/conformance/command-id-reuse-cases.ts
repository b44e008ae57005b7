import assert from 'node:assert/strict';
import type { StreamName } from '../../event/stream-name.js';
import type { TransactionEntry } from '../../event-store/append/transact-options.js';
import type { ConformanceCase } from './conformance-case.js';
import { counted } from './conformance-events.js';
import { fails, holds, versionOf } from './conformance-support.js';

/** Cases of a command id that was used for other streams before. */
export const commandIdReuseCases: readonly ConformanceCase[] = [
  {
    name: 'the command id of a transaction is refused for other streams, and says which ones it was used for',
    async run({ store, another, stream }) {
      const [one, two, three, four] = [stream(), stream(), stream(), stream()];
      const entries = (...streams: readonly StreamName[]): TransactionEntry[] =>
        streams.map((each) => ({ stream: each, events: counted(1) }));
      await store.transact(entries(one, two), { commandId: 'c' });
      const refused = {
        name: 'CommandIdReusedError',
        code: 'command-id-reused',
        outcome: 'not-applied',
        commandId: 'c',
        stored: [one.toString(), two.toString()],
      };
      for (const writer of [store, await another()]) {
        for (const streams of [[one, three], [two, three, four], [three, two, one], [one]] as const) {
          const names = streams.map((each) => each.toString());
          await fails(async () => writer.transact(entries(...streams), { commandId: 'c' }), {
            ...refused,
            streams: names,
          });
        }
        for (const expect of ['any', 'none', 1] as const) {
          await fails(async () => writer.append(two, counted(2), { commandId: 'c', expect }), refused);
        }
      }
      const versions = await Promise.all([one, two, three, four].map(async (each) => versionOf(store, each)));
      assert.deepStrictEqual(versions, [1, 1, 0, 0]);
      holds(await store.transact(entries(three, four), { commandId: 'c' }), { committed: true });
    },
  },
  {
    name: 'a command id that appends have used is refused for a transaction over their streams',
    async run({ store, stream }) {
      const streams = [stream(), stream()];
      const entries = streams.map((each) => ({ stream: each, events: counted(2) }));
      for (const [at, each] of streams.entries()) {
        await store.append(each, counted(1), { commandId: 'c' });
        await fails(async () => store.transact(entries, { commandId: 'c' }), {
          name: 'CommandIdReusedError',
          stored: streams.slice(0, at + 1).map((name) => name.toString()),
        });
      }
      holds(await store.transact(entries.slice(0, 1), { commandId: 'c' }), { committed: false });
    },
  },
];
