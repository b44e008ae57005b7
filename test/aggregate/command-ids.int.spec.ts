import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { DeciderRepository, HandleResult } from '../../src/aggregate/decider-repository.js';
import { inMemorySnapshots } from '../../src/aggregate/snapshot/in-memory-snapshot-store.js';
import { repository } from '../../src/aggregate/repository.js';
import { streamName } from '../../src/event/stream-name.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect } from '../support/collect.js';
import { STORE_KINDS } from '../support/store-kinds.js';
import {
  account,
  ACCOUNT_EVENTS,
  type AccountCommand,
  type AccountEvent,
  type AccountState,
  MoneyDeposited,
} from './account.js';

type Accounts = DeciderRepository<AccountCommand, AccountEvent, AccountState>;

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const deposit = (amount: number) => ({ type: 'deposit', amount }) as const;
const withdraw = (amount: number) => ({ type: 'withdraw', amount }) as const;

describe.each(STORE_KINDS)('a command id, %s', (_, open) => {
  let store: EventStore;
  let accounts: Accounts;
  let elsewhere: Accounts;
  let lastId = 0;

  beforeAll(async () => {
    const pair = await open(ACCOUNT_EVENTS);
    store = pair.store;
    accounts = repository(store, account, { category: 'account' });
    elsewhere = repository(pair.elsewhere, account, { category: 'account' });
  });

  it('handled twice yields one commit and the same result, also elsewhere and after others', async () => {
    const id = `id-${++lastId}`;
    await accounts.handle(id, deposit(10));
    const first = await accounts.handle(id, withdraw(10), { commandId: 'c' });
    const again = { ...first, committed: false, attempts: 0 };
    // deciding it now would be a refusal
    expect(await accounts.handle(id, withdraw(10), { commandId: 'c' })).toEqual(again);
    await accounts.handle(id, deposit(1));
    expect(await elsewhere.handle(id, withdraw(10), { commandId: 'c' })).toEqual(again);
    expect((await accounts.load(id)).state.balance).toBe(1);
  });

  it('is looked up before the expectation: repeated with its old version, it gives the first result', async () => {
    const id = `id-${++lastId}`;
    const first = await accounts.create(id, deposit(10), { commandId: 'create' });
    const second = await accounts.handle(id, deposit(1), { commandId: 'c', expect: 1 });
    await elsewhere.handle(id, deposit(1));
    for (const handler of [accounts, elsewhere]) {
      expect(await handler.handle(id, deposit(1), { commandId: 'c', expect: 1 })).toEqual({
        ...second,
        committed: false,
        attempts: 0,
      });
      expect(await handler.create(id, deposit(10), { commandId: 'create' })).toEqual({
        ...first,
        committed: false,
        attempts: 0,
      });
    }
  });

  it('handled at once by several callers of two processes yields one commit and one result', async () => {
    const id = `id-${++lastId}`;
    const results = await Promise.all(
      Array.from({ length: 10 }, async (__, index) =>
        (index % 2 === 0 ? accounts : elsewhere).handle(id, deposit(5), { commandId: 'c' }),
      ),
    );
    expect(results.filter(({ committed }) => committed)).toHaveLength(1);
    const same = results.map(({ events, version, position }) => ({ events, version, position }));
    expect(same).toEqual(
      same.map(() => ({
        events: [new MoneyDeposited(5)],
        version: 1,
        position: results[0]?.position,
      })),
    );
    expect(await collect(store.read(streamName('account', id), { consistency: 'leader' }))).toHaveLength(1);
  });

  it('of a command that decided to do nothing is decided again', async () => {
    const id = `id-${++lastId}`;
    await accounts.handle(id, { type: 'open', owner: 'ada' });
    const open_ = { type: 'open', owner: 'ada' } as const;
    expect(await accounts.handle(id, open_, { commandId: 'c' })).toMatchObject({ attempts: 1, events: [] });
    expect(await accounts.handle(id, open_, { commandId: 'c' })).toMatchObject({ attempts: 1, events: [] });
  });
});

describe('a command id far back in the stream', () => {
  it.each([
    ['what the cache remembers', {}],
    ['what a fold remembers', { cache: false } as const],
    [
      'what a snapshot remembers',
      { cache: false, snapshots: { store: inMemorySnapshots(), every: 100 } } as const,
    ],
  ])('%s is found in the stream', async (_, options) => {
    const store = inMemoryEventStore({ events: ACCOUNT_EVENTS });
    const accounts = repository(store, account, { category: 'account', ...options });
    const hot = repository(store, account, { category: 'account' });
    const first = await accounts.handle('1', deposit(1), { commandId: 'c-0' });
    for (let command = 1; command <= 1_005; command += 1)
      await hot.handle('1', deposit(1), { commandId: `c-${command}` });
    // a load with a snapshot makes one when the first has none
    await accounts.load('1');
    await accounts.drain();
    let reads = 0;
    const lookUp = store.commitOfCommand.bind(store);
    store.commitOfCommand = async (...args) => {
      reads += 1;
      return lookUp(...args);
    };
    const again = { committed: false, attempts: 0 };
    expect(await accounts.handle('1', deposit(1), { commandId: 'c-1005' })).toMatchObject({
      version: 1_006,
      ...again,
    });
    expect(await accounts.handle('1', deposit(1), { commandId: 'c-6' })).toMatchObject(again);
    expect(reads).toBe(0);
    expect(await accounts.handle('1', deposit(1), { commandId: 'c-0' })).toEqual({ ...first, ...again });
    expect(reads).toBe(1);
    expect(await accounts.handle('1', deposit(1), { commandId: 'new' })).toMatchObject({ committed: true });
    expect((await accounts.load('1')).state.balance).toBe(1_007);
  });
});

describe('a command id that is not remembered', () => {
  it('is found among the commits up to a version, on JetStream', async () => {
    const store = await openStore({ events: ACCOUNT_EVENTS });
    const order = streamName('account', '1');
    for (let command = 1; command <= 5; command += 1)
      await store.append(order, [new MoneyDeposited(command), new MoneyDeposited(1)], {
        commandId: `c-${command}`,
      });
    expect(await store.commitOfCommand(order, 'c-3')).toMatchObject({ number: 3, firstVersion: 5 });
    expect(await store.commitOfCommand(order, 'c-3', { upTo: 6 })).toMatchObject({ number: 3 });
    expect(await store.commitOfCommand(order, 'c-3', { upTo: 4 })).toBeUndefined();
    expect(await store.commitOfCommand(order, 'c-9')).toBeUndefined();
    expect(await store.commitOfCommand(streamName('account', 'none'), 'c-3')).toBeUndefined();
  });
});

describe('two processes that handle the same commands at once', () => {
  it('make one commit of each, and tell the same results', async () => {
    const name = uniqueStoreName();
    const store = await openStore({ name, events: ACCOUNT_EVENTS });
    const program = join(root, 'test/support/handle-command.ts');
    const loader = pathToFileURL(join(root, 'test/support/register-typescript.mjs')).href;
    const args = ['--import', loader, program, sharedServerUrl(), name, '1', 'shared'];
    const children = [0, 1].map(() =>
      spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    try {
      const lines = children.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]());
      for (const line of lines) expect((await line.next()).value).toBe('ready');
      for (const child of children) child.stdin.write('go\n');
      const [one = [], other = []] = await Promise.all(
        lines.map(async (line) => JSON.parse((await line.next()).value as string) as HandleResult<object>[]),
      );
      const told = (results: HandleResult<object>[]) =>
        results.map(({ events, version, position }) => ({ events, version, position }));
      expect(one).toHaveLength(50);
      expect(told(one)).toEqual(told(other));
      expect(one.every(({ committed }, index) => committed !== other[index]?.committed)).toBe(true);
      expect(await collect(store.read(streamName('account', '1'), { consistency: 'leader' }))).toHaveLength(
        50,
      );
    } finally {
      for (const child of children) child.kill();
    }
  }, 60_000);
});
