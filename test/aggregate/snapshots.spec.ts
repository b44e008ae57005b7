import { AggregateRoot } from '@nestjs/cqrs';
import { inMemorySnapshots } from '../../src/aggregate/snapshot/in-memory-snapshot-store.js';
import { repository } from '../../src/aggregate/repository.js';
import type { Snapshot, SnapshotStore } from '../../src/aggregate/snapshot/snapshot.js';
import type { SnapshotOptions } from '../../src/aggregate/snapshot/snapshot-policy.js';
import { streamName } from '../../src/event/stream-name.js';
import {
  inMemoryEventStore,
  type InMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import type { JsonValue } from '../../src/event/json-value.js';
import { rejection } from '../support/collect.js';
import { account, ACCOUNT_EVENTS, MoneyDeposited, OverdrawnError } from './account.js';
import { Order, ORDER_EVENTS } from './order.js';

const { signal } = new AbortController();
const events = [...ACCOUNT_EVENTS, ...ORDER_EVENTS];
const deposit = (amount: number) => ({ type: 'deposit', amount }) as const;
const withdraw = (amount: number) => ({ type: 'withdraw', amount }) as const;

let store: InMemoryEventStore;
let kept: SnapshotStore;
let warnings: string[];

beforeEach(() => {
  store = inMemoryEventStore({ events });
  kept = inMemorySnapshots();
  warnings = [];
});

/** To be given the methods that a test is about. */
const UNUSED: SnapshotStore = {
  load: async () => undefined,
  save: async () => true,
  delete: async () => undefined,
};

/** Accounts without a cache, so that each command loads. */
function accountsWith(options: Partial<SnapshotOptions> = {}, of = store) {
  return repository(of, account, {
    category: 'account',
    cache: false,
    snapshots: { store: kept, ...options },
    onWarning: (warning) => warnings.push(warning),
  });
}

type Accounts = ReturnType<typeof accountsWith>;

async function snapshotOf(id: string): Promise<Snapshot | undefined> {
  return kept.load(streamName('account', id), { signal });
}

/** Deposits of 1, one commit each. @returns the versions of the snapshots that were made. */
async function depositTimes(accounts: Accounts, times: number, id = '1'): Promise<number[]> {
  const versions = new Set<number>();
  for (let time = 0; time < times; time += 1) {
    await accounts.handle(id, deposit(1));
    await accounts.drain();
    versions.add((await snapshotOf(id))?.version ?? 0);
  }
  versions.delete(0);
  return [...versions];
}

/** The versions after which the stream is read meanwhile. */
async function readsDuring(work: () => Promise<unknown>): Promise<number[]> {
  const reads: number[] = [];
  const tail = store.readCommits.bind(store);
  store.readCommits = async (name, options) => {
    reads.push(options?.after ?? 0);
    return tail(name, options);
  };
  await work();
  store.readCommits = tail;
  return reads;
}

describe('snapshots', () => {
  it('are written at the interval only', async () => {
    expect(await depositTimes(accountsWith({ every: 3 }), 10)).toEqual([3, 6, 9]);
  });

  it('are written at the first version as well, if that is asked for', async () => {
    expect(await depositTimes(accountsWith({ every: 3, atFirst: true }), 8)).toEqual([1, 4, 7]);
  });

  it('count events, not commits, and stand at the end of a commit', async () => {
    const accounts = accountsWith({ every: 3 });
    await accounts.update('1', () => [1, 2, 3, 4, 5].map((amount) => new MoneyDeposited(amount)));
    await accounts.drain();
    expect(await snapshotOf('1')).toMatchObject({ version: 5, number: 1, state: { balance: 15 } });
  });

  it('are written when folding took too long, also by a load', async () => {
    await depositTimes(accountsWith({ every: 1_000 }), 5);
    expect(await snapshotOf('1')).toBeUndefined();
    const accounts = accountsWith({ every: 1_000, afterFoldMs: 0 });
    await accounts.load('1');
    await accounts.drain();
    expect(await snapshotOf('1')).toMatchObject({ version: 5 });
  });

  it('carry version, commit number, sequence and commit id', async () => {
    const accounts = accountsWith({ every: 2, contract: 7 });
    await depositTimes(accounts, 2);
    const { commits } = await store.readCommits(streamName('account', '1'));
    const { number, sequence, commitId } = commits[1] ?? {};
    expect(await snapshotOf('1')).toMatchObject({
      store: store.identity,
      contract: 7,
      version: 2,
      number,
      sequence,
      commitId,
      state: { balance: 2 },
    });
  });

  it('lead to the same state as folding all events, by folding only the events after them', async () => {
    const accounts = accountsWith({ every: 4 });
    await depositTimes(accounts, 6);
    let evolved = 0;
    const counting = {
      ...account,
      evolve: (...args: Parameters<typeof account.evolve>) => {
        evolved += 1;
        return account.evolve(...args);
      },
    };
    const snapshots = { store: kept, every: 4 };
    const counted = repository(store, counting, { category: 'account', cache: false, snapshots });
    // from the commit on that the snapshot ends in, which proves that it is of this history
    expect(await readsDuring(async () => counted.load('1'))).toEqual([3]);
    expect(evolved).toBe(2);
    const full = repository(store, account, { category: 'account', cache: false });
    expect(await counted.load('1')).toEqual(await full.load('1'));
    expect(await counted.handle('1', withdraw(6))).toMatchObject({ version: 7 });
    expect(warnings).toEqual([]);
  });

  it('that are missing let all events be folded', async () => {
    await depositTimes(accountsWith({ every: 100 }), 3);
    expect(await accountsWith().load('1')).toMatchObject({ state: { balance: 3 }, version: 3 });
    expect(warnings).toEqual([]);
  });

  it.each<[string, RegExp, (snapshot: Snapshot) => unknown]>([
    ['of another contract', /contract 2, not 1/, (snapshot) => ({ ...snapshot, contract: 2 })],
    ['of another store', /another store/, (snapshot) => ({ ...snapshot, store: 'other' })],
    ['unreadable', /cannot be read/, () => ({ store: store.identity, contract: 1 })],
    [
      'of damaged command ids',
      /command ids cannot be read/,
      (snapshot) => ({ ...snapshot, commands: { forgottenUpTo: 0, commands: [['c', 1, 'nowhere']] } }),
    ],
    ['ahead of the stream', /does not hold the commit/, (snapshot) => ({ ...snapshot, version: 90 })],
    [
      'of another last commit at that position',
      /does not hold the commit/,
      (snapshot) => ({ ...snapshot, commitId: 'another' }),
    ],
  ])('%s are ignored with a warning', async (_, warning, change) => {
    await depositTimes(accountsWith({ every: 3 }), 4);
    const snapshot = { ...((await snapshotOf('1')) as Snapshot), state: { balance: 1_000 } };
    await kept.delete(streamName('account', '1'), { signal });
    await kept.save(streamName('account', '1'), change(snapshot) as Snapshot, { signal });
    const accounts = accountsWith({ every: 3 });
    expect(await rejection(accounts.handle('1', withdraw(5)))).toBeInstanceOf(OverdrawnError);
    expect(await accounts.handle('1', withdraw(4))).toMatchObject({ version: 5 });
    await accounts.drain();
    expect(warnings[0]).toMatch(/^the snapshot of account\/1 /);
    expect(warnings.join()).toMatch(warning);
    // and a right one has taken its place
    expect(await snapshotOf('1')).toMatchObject({
      contract: 1,
      store: store.identity,
      commitId: expect.any(String),
    });
    expect((await accountsWith().load('1')).state).toEqual({ owner: undefined, balance: 0 });
  });

  it('are used when only the replica lags', async () => {
    await depositTimes(accountsWith({ every: 3 }), 3);
    const tail = store.readCommits.bind(store);
    store.readCommits = async (name, options) =>
      options?.consistency === 'leader' ? tail(name, options) : { commits: [], version: 0 as never };
    expect(await accountsWith().load('1')).toMatchObject({ version: 3 });
    expect(warnings).toEqual([]);
  });

  it.each<[string, Partial<SnapshotStore>]>([
    ['write', { save: async () => Promise.reject(new TypeError('disk full')) }],
    ['read', { load: async () => Promise.reject(new TypeError('disk full')) }],
    [
      'be read, at once',
      {
        load: () => {
          throw new TypeError('disk full');
        },
      },
    ],
  ])('that cannot be %s never fail a command', async (_, broken) => {
    const good = kept;
    kept = {
      load: good.load.bind(good),
      save: good.save.bind(good),
      delete: good.delete.bind(good),
      ...broken,
    };
    const accounts = accountsWith({ every: 1 });
    for (let time = 0; time < 3; time += 1)
      expect(await accounts.handle('1', deposit(1))).toMatchObject({ committed: true });
    await accounts.drain();
    expect((await accounts.load('1')).state.balance).toBe(3);
    expect(warnings[0]).toMatch(/disk full/);
  });

  it('of a state that is no JSON fail no command', async () => {
    const accounts = repository(
      store,
      { ...account, initialState: { ...account.initialState, balance: 1n as unknown as number } },
      {
        category: 'account',
        snapshots: { store: kept, every: 1 },
        onWarning: (warning) => warnings.push(warning),
      },
    );
    expect(await accounts.handle('1', { type: 'open', owner: 'ada' })).toMatchObject({
      committed: true,
    });
    expect(warnings).toEqual([expect.stringMatching(/cannot be made .*: state\.balance is a bigint/)]);
  });

  it('that do not come within timeoutMs let all events be folded', async () => {
    const given: AbortSignal[] = [];
    kept = {
      ...UNUSED,
      load: async (_, options) => {
        given.push(options.signal);
        return new Promise(() => undefined);
      },
    };
    const accounts = accountsWith({ timeoutMs: 20 });
    await accounts.handle('1', deposit(1));
    expect((await accounts.load('1')).state.balance).toBe(1);
    expect(given.every(({ aborted }) => aborted)).toBe(true);
    expect(warnings[0]).toMatch(/cannot be read/);
  });

  it('that are slow end with the signal of the caller', async () => {
    kept = { ...UNUSED, load: async () => new Promise(() => undefined) };
    const accounts = accountsWith({ timeoutMs: 60_000 });
    const reason = new TypeError('enough');
    const abort = new AbortController();
    const load = accounts.load('1', { signal: abort.signal });
    abort.abort(reason);
    expect(await rejection(load)).toBe(reason);
  });

  it('are written while commands go on, and hold the state of their own version', async () => {
    let release: (() => void) | undefined;
    const saved: Snapshot[] = [];
    kept = {
      ...UNUSED,
      load: async () => undefined,
      save: async (_, snapshot) => {
        await new Promise<void>((resolve) => (release = resolve));
        saved.push(snapshot);
        return true;
      },
    };
    const orders = repository(store, SnapshotOrder, {
      snapshots: { store: kept, every: 2 },
      category: 'order',
    });
    await orders.create('1', (order) => order.payIn(1));
    await orders.update('1', (order) => order.payIn(1));
    await orders.update('1', (order) => order.add('pen', 1));
    release?.();
    await orders.drain();
    expect(saved).toMatchObject([{ version: 2, state: { balance: 2, items: [] } }]);
  });
});

class SnapshotOrder extends Order {
  toSnapshot(): JsonValue {
    return { balance: this.balance, items: this.items, isClosed: this.isClosed };
  }

  fromSnapshot(snapshot: JsonValue): void {
    Object.assign(this, snapshot);
  }
}

describe('snapshots of a class', () => {
  it('are made and taken by its methods', async () => {
    const options = { category: 'order', cache: false, snapshots: { store: kept, every: 2 } } as const;
    const orders = repository(store, SnapshotOrder, options);
    await orders.create('1', (order) => order.payIn(10));
    await orders.update('1', (order) => order.add('pen', 4));
    await orders.drain();
    await orders.update('1', (order) => order.payIn(5));
    expect(await readsDuring(async () => orders.load('1'))).toEqual([1]);
    const loaded = await orders.load('1');
    expect(loaded).toBeInstanceOf(SnapshotOrder);
    expect(loaded).toMatchObject({ id: '1', balance: 11, items: ['pen'], isClosed: false });
    loaded.close();
    expect(await orders.save(loaded)).toMatchObject({ version: 4 });
  });

  it('are refused for a class without these methods', () => {
    class Plain extends AggregateRoot {}
    const make = () => repository(store, Plain, { category: 'plain', snapshots: { store: kept } });
    expect(make).toThrow('toSnapshot');
  });

  it.each<[string, object]>([
    ['an interval of 0', { every: 0 }],
    ['a negative contract', { contract: -1 }],
    ['an unknown option', { interval: 3 }],
  ])('are refused with %s', (_, options) => {
    expect(() => accountsWith(options)).toThrow('snapshots.');
  });
});
