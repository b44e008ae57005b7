import { repository } from '../../../src/aggregate/repository.js';
import { StreamTurns } from '../../../src/event-store/turns/stream-turns.js';
import { WriterTurns } from '../../../src/event-store/turns/writer-turns.js';
import { decodeTurnWord, encodeTurnWord } from '../../../src/event-store/turns/turn-word.js';
import { Deadline } from '../../../src/kernel/deadline.js';
import type { LogPeers } from '../../../src/log/log-peers.js';
import { inMemoryEventStore } from '../../../src/testing/in-memory/in-memory-event-store.js';
import { account, ACCOUNT_EVENTS, type AccountState, MoneyDeposited } from '../../aggregate/account.js';
import { rejection } from '../../support/collect.js';

const deadline = new Deadline(15_000);

/** Processes that hear each other at once, and what they say. */
class Room {
  readonly said: string[] = [];
  readonly #listeners = new Set<(word: string) => void>();

  join(areHeard = true): StreamTurns {
    const peers: LogPeers = {
      areHeard,
      tell: (word) => {
        this.said.push(word);
        for (const listener of this.#listeners) listener(word);
      },
      listen: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    return new StreamTurns(peers);
  }

  say(word: string): void {
    for (const listener of this.#listeners) listener(word);
  }
}

/** A writer that has lost so often on these streams that it waits for its turn. */
function loser(turns: StreamTurns, ...streams: string[]): WriterTurns {
  const writer = new WriterTurns(turns, deadline);
  writer.lost(streams);
  writer.lost(streams);
  return writer;
}

describe('the turns of a writer', () => {
  it('are none while nobody else writes', () => {
    const room = new Room();
    const writer = new WriterTurns(room.join(), deadline);
    expect(writer.isToWait(['order/1'])).toBe(false);
    writer.end(true);
    expect(room.said).toEqual([]);
  });

  it('are not waited for after the first conflict', () => {
    const writer = new WriterTurns(new Room().join(), deadline);
    writer.lost(['order/1']);
    expect(writer.isToWait(['order/1'])).toBe(false);
    writer.lost(['order/1']);
    expect(writer.isToWait(['order/1'])).toBe(true);
  });

  it('go from the process that writes to the one that waits, and back', async () => {
    const room = new Room();
    const one = room.join();
    const other = room.join();
    const waiting = loser(other, 'order/1');
    const begun = waiting.begin(['order/1']);
    const writing = new WriterTurns(one, deadline);
    expect(writing.isToWait(['order/1'])).toBe(true);
    expect(await writing.begin(['order/1'])).toBe(false);
    writing.end(true);
    expect(await begun).toBe(true);
    const later = new WriterTurns(one, deadline);
    const begunLater = later.begin(['order/1']);
    waiting.end(true);
    expect(await begunLater).toBe(true);
    later.end(true);
  });

  it('are had on one stream at a time, the one with the most conflicts', async () => {
    const room = new Room();
    const writer = loser(room.join(), 'order/2', 'order/1', 'order/3');
    writer.lost(['order/3', 'order/2']);
    const begun = writer.begin(['order/1', 'order/3', 'order/2']);
    expect(writer.isToWait(['order/1'])).toBe(false);
    await begun;
    expect(room.said.map((word) => decodeTurnWord(word)?.stream)).toEqual(['order/2']);
    writer.end(false);
  });

  it('are pauses where the processes cannot hear each other', async () => {
    const room = new Room();
    const turns = room.join(false);
    const writer = loser(turns, 'order/1');
    expect(writer.isToWait(['order/1'])).toBe(true);
    expect(await writer.begin(['order/1'])).toBe(true);
    expect(writer.isToWait(['order/1'])).toBe(false);
    expect(room.said).toEqual([]);
    expect(turns.isContended('order/1')).toBe(false);
  });

  it('are no longer heard of after close', () => {
    const room = new Room();
    const turns = room.join();
    turns.close();
    room.say(encodeTurnWord({ kind: 'wants', from: 'a', stream: 'order/1' }));
    expect(turns.isContended('order/1')).toBe(false);
  });
});

it.each([
  '',
  'no JSON',
  'null',
  '{}',
  '[]',
  '["wants"]',
  '["next","a","order/1"]',
  '["wants","a",7]',
  '["stop","a","b"]',
])('word that is none (%j) is not listened to', (word) => {
  expect(decodeTurnWord(word)).toBeUndefined();
  const room = new Room();
  const turns = room.join();
  room.say(word);
  expect(turns.isContended('order/1')).toBe(false);
});

it('forgets streams when there are too many', async () => {
  const room = new Room();
  const turns = room.join();
  for (let index = 0; index < 5_000; index += 1)
    room.say(encodeTurnWord({ kind: 'wants', from: 'a', stream: `order/${index}` }));
  expect(turns.isContended('order/0')).toBe(false);
  expect(turns.isContended('order/4999')).toBe(true);
});

describe('a command that is overtaken each time', () => {
  const store = inMemoryEventStore({ events: ACCOUNT_EVENTS });
  const elsewhere = store.another();
  const accounts = repository(store, account, { category: 'account' });

  /** Decides after another writer, who waits for nobody, has been first: so many times at most. */
  function overtaken(id: string, decided: AccountState[], times = Infinity) {
    return async (state: AccountState): Promise<MoneyDeposited> => {
      decided.push(state);
      const { version } = await elsewhere.status(`account/${id}`, { consistency: 'leader' });
      if (decided.length <= times)
        await elsewhere.append(`account/${id}`, [new MoneyDeposited(1)], { expect: version });
      return new MoneyDeposited(100);
    };
  }

  it('is decided until it wins, more often than three times', async () => {
    const decided: AccountState[] = [];
    const result = await accounts.update('wins', overtaken('wins', decided, 6));
    expect(result).toMatchObject({ committed: true, version: 7, attempts: 7 });
    expect(decided.map(({ balance }) => balance)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('gets the conflict when its deadline has passed, and not before', async () => {
    const decided: AccountState[] = [];
    const startedAt = performance.now();
    const options = { deadlineMs: 500 };
    const error = await rejection(accounts.update('loses', overtaken('loses', decided), options));
    expect(error).toMatchObject({ name: 'WrongExpectedVersionError' });
    expect(performance.now() - startedAt).toBeGreaterThan(490);
    expect(decided.length).toBeGreaterThan(4);
  });

  it('ends with the reason of its signal', async () => {
    const decided: AccountState[] = [];
    const caller = new AbortController();
    const decide = overtaken('aborted', decided);
    const update = accounts.update(
      'aborted',
      async (state) => {
        if (decided.length === 3) caller.abort(new Error('enough'));
        return decide(state);
      },
      { signal: caller.signal },
    );
    expect(await rejection(update)).toMatchObject({ message: 'enough' });
    expect(decided.length).toBe(4);
  });
});
