import { streamName } from '../../src/event/stream-name.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { openStore } from '../shared-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { startConfigured } from './configured-server.js';
import { startHubAndLeaf } from './leaf-node.js';

const order = streamName('order', '1');

describe('two accounts of one server', () => {
  it('can each have a store of the same name, and cannot see each other', async () => {
    const server = await startConfigured(`accounts {
      RED { jetstream: enabled, users: [{ user: red, password: red }] }
      BLUE { jetstream: enabled, users: [{ user: blue, password: blue }] }
    }`);
    const [red, blue] = await Promise.all(
      ['red', 'blue'].map((user) =>
        openStore({ servers: server.url, user, pass: user, name: 'shop', events: ORDER_EVENTS }),
      ),
    );
    if (red === undefined || blue === undefined) throw new TypeError('no stores');
    expect(red.identity).not.toBe(blue.identity);
    const leave = new AbortController();
    const heard: unknown[] = [];
    const following = (async () => {
      for await (const { commits } of blue.follow({ signal: leave.signal })) heard.push(...commits);
    })();
    await red.append(order, counted(1, 3), { expect: 'none' });
    expect(await blue.status(order)).toEqual({ state: 'missing', version: 0 });
    expect(await collect(blue.readAll())).toEqual([]);
    // both accounts can create the same stream
    await blue.append(order, [new OrderPlaced('blue')], { expect: 'none', commandId: 'c' });
    await red.append(order, counted(4), { expect: 3, commandId: 'c' });
    await until('the follower has its own commit', () => heard.length > 0);
    leave.abort();
    await following;
    expect(heard).toHaveLength(1);
    expect(await collect(red.readAll())).toHaveLength(4);
    expect(await collect(blue.readAll())).toHaveLength(1);
  });
});

describe('an account that imports the store of another', () => {
  it('appends, reads and replays under the prefix of the imported API', async () => {
    const server = await startConfigured(`accounts {
      OWNER {
        jetstream: enabled
        users: [{ user: owner, password: owner }]
        exports: [
          { service: "$JS.API.>", response_type: stream }
          { service: "shop.*.*.*" }
        ]
      }
      TEAM {
        users: [{ user: team, password: team }]
        imports: [
          { service: { account: OWNER, subject: "$JS.API.>" }, to: "owner.API.>" }
          { service: { account: OWNER, subject: "shop.*.*.*" } }
        ]
      }
    }`);
    const shop = { servers: server.url, name: 'shop', events: ORDER_EVENTS };
    const store = await openStore({ ...shop, user: 'team', pass: 'team', apiPrefix: 'owner.API' });
    for (let n = 1; n <= 20; n += 1) await store.append(order, counted(n), { expect: n - 1 });
    expect(await collect(store.read(order))).toHaveLength(20);
    const all = await collect(store.readAll({ categories: ['order'] }));
    expect(all.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    const owner = await openStore({ ...shop, user: 'owner', pass: 'owner' });
    expect(owner.identity).toBe(store.identity);
    expect(await owner.status(order)).toMatchObject({ version: 20 });
  });
});

describe('the JetStream of a leaf node, reached through its hub', () => {
  let hub: NatsServer;
  let leaf: NatsServer;

  beforeAll(async () => {
    ({ hub, leaf } = await startHubAndLeaf());
  }, 60_000);

  it.each([
    ['its domain', 'by-domain', { domain: 'leaf' }],
    ['an API prefix', 'by-prefix', { apiPrefix: '$JS.leaf.API' }],
  ])('supports appends, reads and replays, by %s', async (_, name, options) => {
    const store = await openStore({ servers: hub.url, name, events: ORDER_EVENTS, ...options });
    for (let n = 1; n <= 40; n += 1) await store.append(order, counted(n), { expect: n - 1 });
    const error = await rejection(store.append(order, counted(1), { expect: 1 }));
    expect(error).toMatchObject({ code: 'wrong-expected-version', actual: 40 });
    expect(await store.append(order, counted(41), { commandId: 'c' })).toMatchObject({ committed: true });
    expect(await store.append(order, counted(41), { commandId: 'c' })).toMatchObject({ committed: false });
    expect(await collect(store.read(order))).toHaveLength(41);
    const all = await collect(store.readAll({ categories: ['order'] }));
    expect(all.map(({ version }) => version)).toEqual(Array.from({ length: 41 }, (_unused, n) => n + 1));
    expect(all[0]?.time?.getTime()).toBeGreaterThan(Date.now() - 60_000);

    const leave = new AbortController();
    const followed: number[] = [];
    const recoveries: string[] = [];
    const following = (async () => {
      const onRecovery = (reason: string): number => recoveries.push(reason);
      for await (const { commits } of store.follow({ signal: leave.signal, onRecovery }))
        followed.push(...commits.map(({ sequence }) => sequence));
    })();
    await until('the follower has caught up', () => followed.length === 41);
    await store.append(order, counted(42));
    await until('the follower has the new commit', () => followed.length === 42);
    leave.abort();
    await following;
    expect(followed).toEqual(Array.from({ length: 42 }, (_unused, n) => n + 1));
    expect(recoveries).toEqual([]);

    // a client of the leaf finds the same store there
    const there = await openStore({ servers: leaf.url, name, events: ORDER_EVENTS });
    expect(there.identity).toBe(store.identity);
    expect(await there.status(order)).toMatchObject({ version: 42 });
  });

  it('is separate from that of the hub', async () => {
    const store = await openStore({ servers: hub.url, name: 'other', events: ORDER_EVENTS, domain: 'leaf' });
    await using raw = await RawNats.open(hub.url);
    expect(await raw.api('STREAM.INFO.other')).toMatchObject({ error: { err_code: 10059 } });
    expect(await store.lastSequence()).toBe(0);
  });

  it('fails with the name of a prefix that does not exist', async () => {
    const start = performance.now();
    const error = await rejection(openStore({ servers: hub.url, domain: 'nowhere' }));
    expect(error).toMatchObject({ code: 'nats', message: expect.stringContaining('$JS.nowhere.API') });
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
