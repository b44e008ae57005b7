import { jest } from '@jest/globals';
import type { StoredCommit } from '../../src/event/commit.js';
import { inMemorySnapshots } from '../../src/aggregate/snapshot/in-memory-snapshot-store.js';
import { repository } from '../../src/aggregate/repository.js';
import { CommandIds } from '../../src/aggregate/state/command-ids.js';
import { streamName } from '../../src/event/stream-name.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { rejection } from '../support/collect.js';
import { account, ACCOUNT_EVENTS, MoneyDeposited } from './account.js';

const stream = streamName('account', '1');

function commit(n: number): StoredCommit {
  const metadata = { commandId: `c-${n}` };
  return {
    stream,
    number: n,
    firstVersion: n,
    sequence: n,
    commitId: `${n}`,
    metadata,
    events: [{}],
  } as never;
}

function idsUpTo(count: number): CommandIds {
  const ids = new CommandIds();
  for (let n = 1; n <= count; n += 1) ids.add(commit(n));
  return ids;
}

function throughJson(ids: CommandIds): CommandIds {
  return CommandIds.fromJSON(JSON.parse(JSON.stringify(ids)) as ReturnType<CommandIds['toJSON']>);
}

describe('commands that a state has forgotten', () => {
  it('may have been, and nearly all others have not, also after a snapshot', () => {
    const ids = idsUpTo(4_000);
    for (const each of [ids, throughJson(ids)]) {
      expect(each.forgottenUpTo).toBe(3_000);
      expect(each.find('c-3001')).toMatchObject({ version: 3_001 });
      const missed = Array.from({ length: 3_000 }, (_, n) => `c-${n + 1}`).filter(
        (id) => each.find(id) !== undefined || !each.mayHaveForgotten(id),
      );
      expect(missed).toEqual([]);
      const others = Array.from({ length: 1_000 }, (_, n) => `c-${n + 10_000}`);
      expect(others.filter((id) => each.mayHaveForgotten(id)).length).toBeLessThan(20);
    }
    expect(idsUpTo(1_000).mayHaveForgotten('c-1')).toBe(false);
  });

  it('may have been any where a snapshot does not tell them', () => {
    const { forgottenUpTo, commands } = idsUpTo(1_500).toJSON();
    const older = CommandIds.fromJSON({ forgottenUpTo, commands });
    expect(older.mayHaveForgotten('new')).toBe(true);
    expect(throughJson(older).mayHaveForgotten('new')).toBe(true);
  });

  it('stay forgotten up to the latest of them when an older one is added again', () => {
    const ids = idsUpTo(2_000);
    ids.add(commit(1));
    for (let n = 2_001; n <= 3_001; n += 1) ids.add(commit(n));
    expect(ids.forgottenUpTo).toBeGreaterThanOrEqual(2_000);
  });

  it('are looked for in the stream, and new ones are not, also after a restart with a snapshot', async () => {
    const store = inMemoryEventStore({ events: ACCOUNT_EVENTS });
    const snapshots = { store: inMemorySnapshots(), every: 1_200 };
    const options = { category: 'account', snapshots };
    for (let n = 1; n <= 1_300; n += 1)
      await store.append(stream, [new MoneyDeposited(1)], { commandId: `c-${n}` });
    await repository(store, account, options).load('1');
    const restarted = store.another();
    const accounts = repository(restarted, account, options);
    const reads = jest.spyOn(restarted, 'commitOfCommand');
    for (let n = 0; n < 50; n += 1)
      await accounts.handle('1', { type: 'deposit', amount: 1 }, { commandId: `new-${n}` });
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2);
    const again = await accounts.handle('1', { type: 'deposit', amount: 1 }, { commandId: 'c-7' });
    expect(again).toMatchObject({ version: 7, committed: false });
  }, 30_000);
});

describe('the command id of a transaction', () => {
  it('is refused for a command on one of its streams', async () => {
    const store = inMemoryEventStore({ events: ACCOUNT_EVENTS });
    const streams = ['1', '2'].map((id) => streamName('account', id));
    const entries = streams.map((each) => ({ stream: each, events: [new MoneyDeposited(1)] }));
    await store.transact(entries, { commandId: 'c' });
    const accounts = repository(store, account, { category: 'account' });
    const handled = accounts.handle('2', { type: 'deposit', amount: 1 }, { commandId: 'c' });
    expect(await rejection(handled)).toMatchObject({
      code: 'command-id-reused',
      streams: ['account/2'],
      stored: ['account/1', 'account/2'],
    });
    expect((await accounts.load('2')).version).toBe(1);
  });
});
