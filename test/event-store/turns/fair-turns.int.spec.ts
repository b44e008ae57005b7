import { repository } from '../../../src/aggregate/repository.js';
import type { EventStore } from '../../../src/event-store/event-store.js';
import { unitOfWork } from '../../../src/aggregate/unit-of-work/unit-of-work.js';
import { account, ACCOUNT_EVENTS, MoneyDeposited } from '../../aggregate/account.js';
import { openStore, uniqueStoreName } from '../../shared-server.js';

const WRITERS = 8;
const name = uniqueStoreName();
/** One for each writer, as as many processes would have. */
let stores: EventStore[];

beforeAll(async () => {
  stores = [];
  for (let index = 0; index < WRITERS; index += 1)
    stores.push(await openStore({ name, events: ACCOUNT_EVENTS }));
});

/** How a writer writes once. */
const WAYS: [string, (store: EventStore) => (id: string) => Promise<unknown>][] = [
  ['appends', (store) => async (id) => store.append(`account/${id}`, [new MoneyDeposited(1)])],
  [
    'transactions',
    (store) => async (id) =>
      store.transact([
        { stream: `account/${id}`, events: [new MoneyDeposited(1)] },
        { stream: `account/${id}-too`, events: [new MoneyDeposited(1)] },
      ]),
  ],
  [
    'commands',
    (store) => {
      const accounts = repository(store, account, { category: 'account' });
      return async (id) => accounts.handle(id, { type: 'deposit', amount: 1 });
    },
  ],
];

it.each(WAYS)('eight connections that write one stream by %s all get their share', async (way, open) => {
  const end = performance.now() + 3_000;
  const outcomes = await Promise.all(
    stores.map(async (store) => {
      const write = open(store);
      let count = 0;
      while (performance.now() < end) {
        await write(way);
        count += 1;
      }
      return count;
    }),
  );
  const stored = outcomes.reduce((sum, count) => sum + count, 0);
  expect(Math.min(...outcomes)).toBeGreaterThan(stored / WRITERS / 4);
  expect(await stores[0]?.status(`account/${way}`, { consistency: 'leader' })).toMatchObject({
    version: stored,
  });
});

it('units of work that write two streams in opposite orders all get through', async () => {
  const results = await Promise.all(
    stores.flatMap((store, index) => {
      const accounts = repository(store, account, { category: 'account' });
      const ids = index % 2 === 0 ? ['x', 'y'] : ['y', 'x'];
      return Array.from({ length: 2 }, async () =>
        unitOfWork(
          store,
          async (unit) => {
            for (const id of ids) await unit.handle(accounts, id, { type: 'deposit', amount: 1 });
          },
          { deadlineMs: 60_000 },
        ),
      );
    }),
  );
  expect(results.every(({ committed }) => committed)).toBe(true);
  expect(await stores[0]?.status('account/y', { consistency: 'leader' })).toMatchObject({
    version: WRITERS * 2,
  });
}, 90_000);
