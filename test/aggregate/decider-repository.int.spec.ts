import type { DeciderRepository } from '../../src/aggregate/decider-repository.js';
import { repository } from '../../src/aggregate/repository.js';
import type { Position } from '../../src/event/position.js';
import { streamName } from '../../src/event/stream-name.js';
import { commitIdOfCommand } from '../../src/event-store/append/commit-id.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { AggregateNotFoundError } from '../../src/aggregate/aggregate-errors.js';
import { WrongExpectedVersionError } from '../../src/event-store/append/append-errors.js';
import { collect, rejection } from '../support/collect.js';
import { STORE_KINDS } from '../support/store-kinds.js';
import {
  account,
  ACCOUNT_EVENTS,
  type AccountCommand,
  type AccountEvent,
  AccountOpened,
  type AccountState,
  MoneyDeposited,
  MoneyWithdrawn,
  OverdrawnError,
} from './account.js';

type Accounts = DeciderRepository<AccountCommand, AccountEvent, AccountState>;

describe.each(STORE_KINDS)('a repository of a decider, %s', (_, open) => {
  let store: EventStore;
  let accounts: Accounts;
  /** The same accounts in another process. */
  let elsewhere: Accounts;
  let lastId = 0;

  beforeAll(async () => {
    const pair = await open(ACCOUNT_EVENTS);
    store = pair.store;
    accounts = repository(store, account, { category: 'account' });
    elsewhere = repository(pair.elsewhere, account, { category: 'account' });
  });

  async function newAccount(balance = 100): Promise<string> {
    const id = `id-${++lastId}`;
    await accounts.handle(id, { type: 'open', owner: 'ada' });
    await accounts.handle(id, { type: 'deposit', amount: balance });
    return id;
  }

  async function typesIn(id: string): Promise<string[]> {
    const events = store.read(streamName('account', id), { consistency: 'leader' });
    return (await collect(events)).map(({ type }) => type);
  }

  it('starts a stream with the first command, and goes on at the version that it reached', async () => {
    const id = `id-${++lastId}`;
    const first = await accounts.handle(id, { type: 'open', owner: 'ada' });
    expect(first).toMatchObject({
      events: [new AccountOpened('ada')],
      version: 1,
      committed: true,
      attempts: 1,
    });
    expect(await accounts.handle(id, { type: 'deposit', amount: 5 })).toMatchObject({ version: 2 });
    expect(await accounts.load(id)).toEqual({ state: { owner: 'ada', balance: 5 }, version: 2 });
    const [, last] = await collect(store.read(streamName('account', id)));
    expect(await accounts.handle(id, { type: 'withdraw', amount: 5 })).toMatchObject({ version: 3 });
    expect(first.position).not.toBe(last?.position);
  });

  it('stores nothing for a decision without events, and creates no stream', async () => {
    const id = await newAccount();
    expect(await accounts.handle(id, { type: 'open', owner: 'ada' })).toEqual({
      events: [],
      version: 2,
      position: undefined,
      committed: false,
      attempts: 1,
    });
    const missing = `id-${++lastId}`;
    expect(await accounts.update(missing, () => [])).toMatchObject({ version: 0, committed: false });
    expect(await accounts.exists(missing)).toBe(false);
    expect(await accounts.exists(id)).toBe(true);
    expect(await accounts.find(missing)).toBeUndefined();
    expect(await rejection(accounts.load(missing))).toBeInstanceOf(AggregateNotFoundError);
  });

  it('stores several events of one decision in order, in one commit', async () => {
    const id = await newAccount();
    const { events, version } = await accounts.update(id, ({ balance }) => [
      new MoneyDeposited(1),
      new MoneyWithdrawn(balance),
    ]);
    expect(events).toEqual([new MoneyDeposited(1), new MoneyWithdrawn(100)]);
    expect(version).toBe(4);
    const stored = await collect(store.read(streamName('account', id), { from: 3 }));
    expect(new Set(stored.map((event) => event.id.split('/')[0])).size).toBe(1);
    expect((await accounts.load(id)).state.balance).toBe(1);
  });

  it('passes a business error on as it is and stores nothing', async () => {
    const id = await newAccount(10);
    const error = await rejection(accounts.handle(id, { type: 'withdraw', amount: 11 }));
    expect(error).toBeInstanceOf(OverdrawnError);
    expect(await typesIn(id)).toHaveLength(2);
  });

  it('decides again after a refusal on a stale state: another process had stored a deposit', async () => {
    const id = await newAccount(10);
    await elsewhere.handle(id, { type: 'deposit', amount: 100 });
    expect(await accounts.handle(id, { type: 'withdraw', amount: 50 })).toMatchObject({
      version: 4,
      committed: true,
      attempts: 2,
    });
  });

  it('decides again after a decision to do nothing that was made on a stale state', async () => {
    const id = await newAccount(10);
    await elsewhere.handle(id, { type: 'open', owner: 'grace' });
    expect(await accounts.handle(id, { type: 'open', owner: 'ada' })).toMatchObject({
      events: [new AccountOpened('ada')],
      attempts: 2,
    });
  });

  it('notices a conflict although its cache is stale', async () => {
    const id = await newAccount(100);
    await elsewhere.handle(id, { type: 'withdraw', amount: 80 });
    // the cached state would allow it
    expect(await rejection(accounts.handle(id, { type: 'withdraw', amount: 50 }))).toBeInstanceOf(
      OverdrawnError,
    );
    expect((await accounts.load(id)).state.balance).toBe(20);
    const stale = accounts.handle(id, { type: 'withdraw', amount: 1 }, { expect: 2 });
    expect(await rejection(stale)).toMatchObject({ name: 'WrongExpectedVersionError', actual: 3 });
  });

  it.each<[string, 'none' | 'exists' | 'any', boolean, boolean]>([
    ['a new one', 'none', false, true],
    ['one that exists', 'exists', true, false],
    ['any', 'any', true, true],
  ])('expecting %s, takes an account that exists or is missing accordingly', async (...row) => {
    const [, expectation, existing, missing] = row;
    const outcomes = [await newAccount(), `id-${++lastId}`].map(async (id) =>
      elsewhere.handle(id, { type: 'deposit', amount: 1 }, { expect: expectation }).then(
        ({ committed }) => committed,
        (error: { outcome: string }) => error.outcome !== 'not-applied',
      ),
    );
    expect(await Promise.all(outcomes)).toEqual([existing, missing]);
  });

  it('creates what must not exist yet', async () => {
    const id = `id-${++lastId}`;
    expect(await accounts.create(id, { type: 'open', owner: 'ada' })).toMatchObject({ version: 1 });
    expect(await rejection(accounts.create(id, { type: 'open', owner: 'ada' }))).toMatchObject({
      name: 'WrongExpectedVersionError',
      expected: 'none',
      actual: 1,
    });
  });

  it('tells past states', async () => {
    const id = await newAccount(10);
    expect(await accounts.stateAt(id, { version: 1 })).toEqual({ owner: 'ada', balance: 0 });
    expect(await accounts.stateAt(id, { version: 0 })).toEqual(account.initialState);
    expect(await accounts.stateAt('missing', { version: 1 })).toBeUndefined();
  });

  it('loses no decision of twenty callers at once in two processes', async () => {
    const id = await newAccount(0);
    const deposits = Array.from({ length: 20 }, async (__, index) =>
      (index % 2 === 0 ? accounts : elsewhere).handle(id, { type: 'deposit', amount: 1 }, { retries: 100 }),
    );
    expect((await Promise.all(deposits)).every(({ committed }) => committed)).toBe(true);
    expect((await elsewhere.load(id)).state.balance).toBe(20);
  });

  it('lets callers of one process wait for each other, so that none conflicts', async () => {
    const id = await newAccount(0);
    const deposits = Array.from({ length: 20 }, async () =>
      accounts.handle(id, { type: 'deposit', amount: 1 }, { retries: 0 }),
    );
    const attempts = (await Promise.all(deposits)).map((result) => result.attempts);
    expect(attempts).toEqual(Array.from({ length: 20 }, () => 1));
  });

  it('does not let a command inside a command on the same account wait for itself', async () => {
    const id = await newAccount(10);
    let decided = 0;
    const result = await accounts.update(id, async ({ balance }) => {
      decided += 1;
      if (decided === 1) await accounts.handle(id, { type: 'deposit', amount: 5 }, { deadlineMs: 60_000 });
      return new MoneyWithdrawn(balance);
    });
    expect(result).toMatchObject({ events: [new MoneyWithdrawn(15)], attempts: 2 });
  });

  it('ends with the reason of a signal while it waits for its turn', async () => {
    const id = await newAccount(10);
    const abort = new AbortController();
    let release: (() => void) | undefined;
    const first = accounts.update(id, async () => {
      await new Promise<void>((resolve) => (release = resolve));
      return [];
    });
    const reason = new TypeError('enough');
    const second = accounts.handle(id, { type: 'deposit', amount: 1 }, { signal: abort.signal });
    abort.abort(reason);
    expect(await rejection(second)).toBe(reason);
    release?.();
    await first;
  });

  it('uses the option streamName for load and append', async () => {
    const byTenant = repository(store, account, {
      streamName: (id) => streamName('tenant-account', `t1-${id}`),
    });
    await byTenant.handle('9', { type: 'deposit', amount: 3 });
    expect(await byTenant.load('9')).toMatchObject({ state: { balance: 3 } });
    expect(await collect(store.read(streamName('tenant-account', 't1-9')))).toHaveLength(1);
    expect(await collect(store.read(streamName('account', '9')))).toHaveLength(0);
    const unnamed = repository(store, account, { streamName: (id) => id as never });
    expect(await rejection(unnamed.load('9'))).toMatchObject({ name: 'InvalidOptionError' });
  });

  it.each<[string, object]>([
    ['both category and stream name', { category: 'a', streamName: () => streamName('a', 'b') }],
    ['a category that no stream can have', { category: 'a.b' }],
    ['an unknown option', { category: 'a', snapshot: {} }],
    ['an empty cache', { category: 'a', cache: { max: 0 } }],
    ['negative retries', { category: 'a', retries: -1 }],
  ])('is refused with %s', (__, options) => {
    expect(() => repository(store, account, options as never)).toThrow(
      expect.objectContaining({ outcome: 'not-applied' }) as Error,
    );
  });
});

describe.each(STORE_KINDS)('retries of a command, %s', (_, open) => {
  let store: EventStore;
  let accounts: Accounts;
  let elsewhere: Accounts;
  let lastId = 0;

  beforeAll(async () => {
    const pair = await open(ACCOUNT_EVENTS);
    store = pair.store;
    accounts = repository(pair.store, account, { category: 'account', retries: 1 });
    elsewhere = repository(pair.elsewhere, account, { category: 'account' });
  });

  /** Decides to deposit, after another writer has been first. */
  function overtaken(id: string, decisions: number[]) {
    return async ({ balance }: AccountState): Promise<AccountEvent> => {
      decisions.push(balance);
      await elsewhere.handle(id, { type: 'deposit', amount: 1 });
      return new MoneyDeposited(100);
    };
  }

  it.each([
    ['the repository', undefined, 2],
    ['the call', 0, 1],
    ['the call', 2, 3],
  ])('are as many as %s says (%p), then the caller gets the conflict', async (__, retries, decisions) => {
    const id = `id-${++lastId}`;
    const seen: number[] = [];
    const options = retries === undefined ? {} : { retries };
    const error = await rejection(accounts.update(id, overtaken(id, seen), options));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(seen).toEqual(Array.from({ length: decisions }, (___, index) => index));
  });

  it('do not happen after other errors, unless a predicate of the call says so', async () => {
    let decided = 0;
    const decide = (): AccountEvent => {
      decided += 1;
      throw new OverdrawnError('no');
    };
    expect(await rejection(accounts.update('other', decide))).toBeInstanceOf(OverdrawnError);
    expect(decided).toBe(1);
    const retryWhen = (error: unknown): boolean => error instanceof OverdrawnError;
    expect(await rejection(accounts.update('other', decide, { retryWhen, retries: 3 }))).toBeInstanceOf(
      OverdrawnError,
    );
    expect(decided).toBe(5);
    const id = `id-${++lastId}`;
    const seen: number[] = [];
    const conflict = accounts.update(id, overtaken(id, seen), { retryWhen, retries: 3 });
    expect(await rejection(conflict)).toBeInstanceOf(WrongExpectedVersionError);
    expect(seen).toHaveLength(1);
  });

  it('do not happen for a version that the caller named, whatever a predicate says', async () => {
    const id = `id-${++lastId}`;
    await accounts.handle(id, { type: 'deposit', amount: 1 });
    const seen: number[] = [];
    const options = { expect: 1, retries: 3, retryWhen: () => true };
    expect(await rejection(accounts.update(id, overtaken(id, seen), options))).toBeInstanceOf(
      WrongExpectedVersionError,
    );
    expect(seen).toHaveLength(1);
  });

  it('store under the id of the command, or of the last decision: never different events under one id', async () => {
    const id = `id-${++lastId}`;
    const commandId = 'deposit';
    const commitIds: string[] = [];
    for (const options of [{ commandId }, {}]) {
      const seen: number[] = [];
      const decide = async (state: AccountState): Promise<AccountEvent> =>
        seen.length === 0 ? overtaken(id, seen)(state) : new MoneyDeposited(state.balance);
      const { position, attempts } = await accounts.update(id, decide, options);
      expect(attempts).toBe(2);
      commitIds.push((await store.eventAt(position as Position))?.id.split('/')[0] ?? '');
    }
    expect(commitIds[0]).toBe(commitIdOfCommand(streamName('account', id), commandId));
    expect(new Set(commitIds).size).toBe(2);
    const ids = (await collect(store.read(streamName('account', id)))).map((event) => event.id);
    expect(new Set(ids).size).toBe(4);
  });

  it('run decide again, with all that it checks', async () => {
    const id = `id-${++lastId}`;
    const allowed = [true, false];
    const seen: number[] = [];
    const decide = async (state: AccountState): Promise<AccountEvent> => {
      if (allowed.shift() !== true) throw new TypeError('not any more');
      return overtaken(id, seen)(state);
    };
    expect(await rejection(accounts.update(id, decide))).toMatchObject({ message: 'not any more' });
    expect((await accounts.load(id)).state.balance).toBe(1);
  });
});
