import { repository } from '../../src/aggregate/repository.js';
import { inMemorySnapshots } from '../../src/aggregate/snapshot/in-memory-snapshot-store.js';
import { unitOfWork } from '../../src/aggregate/unit-of-work/unit-of-work.js';
import {
  type InMemoryEventStore,
  inMemoryEventStore,
} from '../../src/testing/in-memory/in-memory-event-store.js';
import { collect, rejection } from '../support/collect.js';
import { account, ACCOUNT_EVENTS, MoneyDeposited, OverdrawnError } from './account.js';

const deposit = (amount: number) => ({ type: 'deposit', amount }) as const;
const withdraw = (amount: number) => ({ type: 'withdraw', amount }) as const;

/** The client under test, which has seen what the log loses. */
let store: InMemoryEventStore;
/** Another client, which is first after the loss. */
let elsewhere: InMemoryEventStore;
let accounts: ReturnType<typeof accountsOf>;

function accountsOf(of: InMemoryEventStore, cache?: false) {
  return repository(of, account, { category: 'account', cache, onWarning: () => undefined });
}

beforeEach(async () => {
  store = inMemoryEventStore({ events: ACCOUNT_EVENTS });
  elsewhere = store.another();
  accounts = accountsOf(store);
  await accounts.handle('1', { type: 'open', owner: 'ada' });
  await accounts.handle('1', deposit(100), { commandId: 'hundred' });
});

/** The deposit is lost, and one of 1 takes its sequence and version. */
async function swapDeposit(): Promise<void> {
  elsewhere.log.loseEnd(1);
  elsewhere.log.reconnect();
  await elsewhere.append('account/1', [new MoneyDeposited(1)], { expect: 1 });
}

async function balance(): Promise<number> {
  const { state } = await accountsOf(elsewhere, false).load('1');
  return state.balance;
}

const SIGNS: [string, () => void][] = [
  ['the connection is renewed', () => store.log.reconnect()],
  ['the log was silent', () => store.log.beQuiet()],
];

describe.each(SIGNS)('a repository after the log has lost its end, and %s', (_, sign) => {
  it('does not store what it has decided on lost events', async () => {
    await swapDeposit();
    sign();
    expect(await rejection(accounts.handle('1', withdraw(50)))).toBeInstanceOf(OverdrawnError);
    expect(await accounts.handle('1', withdraw(1))).toMatchObject({ version: 3, committed: true });
    expect(await balance()).toBe(0);
  });

  it('nor in a unit of work', async () => {
    await swapDeposit();
    sign();
    const work = unitOfWork(store, async (unit) => {
      await unit.handle(accounts, '1', withdraw(50));
      await unit.handle(accounts, '2', { type: 'open', owner: 'bob' });
    });
    expect(await rejection(work)).toBeInstanceOf(OverdrawnError);
    expect(await collect(store.read('account/2'))).toEqual([]);
  });

  it('handles a command again that was lost', async () => {
    await swapDeposit();
    sign();
    const again = await accounts.handle('1', deposit(100), { commandId: 'hundred' });
    expect(again).toMatchObject({ version: 3, committed: true });
    expect(await balance()).toBe(101);
  });

  it('in a unit of work as well', async () => {
    elsewhere.log.loseEnd(1);
    sign();
    const again = await unitOfWork(store, async (unit) => unit.handle(accounts, '1', deposit(100)), {
      commandId: 'hundred',
    });
    expect(again).toMatchObject({ committed: true });
    expect(await balance()).toBe(100);
  });
});

describe('a command that a repository remembers', () => {
  it('is handled again where the log has lost it, though nothing has told of that', async () => {
    elsewhere.log.loseEnd(1);
    const again = await accounts.handle('1', deposit(100), { commandId: 'hundred' });
    expect(again).toMatchObject({ version: 2, committed: true });
    expect(await balance()).toBe(100);
  });

  it('is handled again where a snapshot remembers it, and the log has lost it', async () => {
    const kept = inMemorySnapshots();
    const options = { category: 'account', cache: false, snapshots: { store: kept, every: 1 } } as const;
    const snapshotting = repository(store, account, { ...options, onWarning: () => undefined });
    await snapshotting.handle('1', deposit(5), { commandId: 'five' });
    await snapshotting.drain();
    elsewhere.log.loseEnd(2);
    const again = await snapshotting.handle('1', deposit(5), { commandId: 'five' });
    expect(again).toMatchObject({ version: 3, committed: true });
    await snapshotting.drain();
  });

  it('is not handled again where it is stored', async () => {
    expect(await accounts.handle('1', deposit(100), { commandId: 'hundred' })).toMatchObject({
      version: 2,
      committed: false,
    });
  });
});
