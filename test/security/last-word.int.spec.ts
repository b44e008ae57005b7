import { streamName } from '../../src/event/stream-name.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { startConfigured } from './configured-server.js';

describe('what the server said last', () => {
  it('of an account without JetStream is repeated at once', async () => {
    const server = await startConfigured(
      'jetstream {}\naccounts { A { users: [{ user: a, password: a }] } }',
    );
    const begun = performance.now();
    const error = await rejection(openStore({ servers: server.url, user: 'a', pass: 'a' }));
    expect(error).toMatchObject({
      name: 'NatsError',
      message: expect.stringContaining('JetStream not enabled for account (10039)'),
    });
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('of a store whose space is used up is the error of an append, which was not applied', async () => {
    const server = await startConfigured('jetstream { max_file_store: 2MB }');
    const store = await openStore({ servers: server.url, events: ORDER_EVENTS });
    const fill = async (): Promise<void> => {
      for (let n = 1; n < 200; n += 1)
        await store.append(streamName('order', `${n}`), counted(1, 1_000), { deadlineMs: 1_000 });
    };
    expect(await rejection(fill())).toMatchObject({
      name: 'NatsError',
      outcome: 'not-applied',
      message: expect.stringMatching(/the server refused it: .*(resource|exceeded)/i),
    });
  }, 60_000);

  it('of a subscription that is one too many is told by who is missing it', async () => {
    const server = await startConfigured('max_subscriptions: 1\njetstream {}');
    const store = await openStore({ servers: server.url, events: ORDER_EVENTS });
    await store.append(streamName('order', '1'), counted(1));
    const told: string[] = [];
    await using _subscription = store.subscribe({
      onEvent: () => undefined,
      onRecovery: (reason) => told.push(reason),
    });
    await until('it is told', () => told.length > 0);
    expect(told[0]).toMatch(/maximum subscriptions exceeded/i);
  });
});

describe.each([
  [
    'on a server',
    async () => openStore({ servers: sharedServerUrl(), name: uniqueStoreName(), events: ORDER_EVENTS }),
  ],
  ['in memory', async () => inMemoryEventStore({ events: ORDER_EVENTS })],
])('a start time %s', (_, open) => {
  it.each([
    '-271821-04-20T00:00:00.000Z',
    '-000001-01-01T00:00:00.000Z',
    '0001-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.000Z',
  ])('of %s gives all that is stored', async (text) => {
    const store = await open();
    await store.append(streamName('order', '1'), counted(1, 3));
    const from = { time: new Date(text) };
    expect(await collect(store.readAll({ from }))).toHaveLength(3);
    let heard = 0;
    await using _subscription = store.subscribe({ from, onEvent: () => void (heard += 1) });
    await until('all are heard', () => heard === 3);
  });

  it.each(['9999-12-31T23:59:59.999Z', '+010000-01-01T00:00:00.000Z', '+275760-09-13T00:00:00.000Z'])(
    'of %s is refused before anything is sent',
    async (text) => {
      const store = await open();
      const from = { time: new Date(text) };
      const refused = { code: 'invalid-option', option: 'from.time' };
      expect(await rejection(store.readAll({ from }).next())).toMatchObject(refused);
      expect(() => store.subscribe({ from, onEvent: () => undefined })).toThrow('must be a time up to 2262');
    },
  );
});
