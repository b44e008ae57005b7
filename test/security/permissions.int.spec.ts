import { readFile } from 'node:fs/promises';
import { connect, headers, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import type { EventStoreOptions } from '../../src/event-store/connect-event-store.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { subjectOf } from '../../src/event/subject.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { LaneRunner } from '../../src/lane/lane-runner.js';
import type { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { kvProjectionStore } from '../../src/kv-projection-store/kv-projection-store.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import { Projections } from '../../src/projection/projections.js';
import { projectionsCommand } from '../../src/cli/projections-command.js';
import { processSurroundings } from '../../src/cli/projections/surroundings.js';
import { openStore } from '../shared-server.js';
import { collect, rejection, until } from '../support/collect.js';
import { counted, ORDER_EVENTS, OrderPlaced, OrderShipped } from '../support/order-events.js';
import { startConfigured } from './configured-server.js';

const PASSWORDS = {
  PUBLISHER_PASSWORD: 'publisher-secret',
  PROJECTION_PASSWORD: 'projection-secret',
  PROJECTION_OF_ALL_PASSWORD: 'projection-of-all-secret',
  KV_PROJECTION_PASSWORD: 'kv-projection-secret',
  REACTOR_PASSWORD: 'reactor-secret',
  SERVICE_PASSWORD: 'service-secret',
  OPERATOR_PASSWORD: 'operator-secret',
  ADMIN_PASSWORD: 'admin-secret',
};
type Role = 'publisher' | 'projection' | 'projection-of-all' | 'kv-projection' | 'reactor' | 'admin';

const order = (id: string) => streamName('order', id);
const customer = (id: string) => streamName('customer', id);

let server: NatsServer;
let admin: JetStreamEventStore;
const raw: NatsConnection[] = [];

beforeAll(async () => {
  const page = await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```conf\n(.*?)^```/gms)].map((match) => match[1] as string);
  const [config, ...others] = blocks;
  if (config === undefined || others.length > 0) throw new TypeError(`${blocks.length} configurations`);
  server = await startConfigured(config, PASSWORDS);
  // the store must exist before other users connect
  admin = await storeOf('admin');
  await admin.append(order('1'), [new OrderPlaced('ada'), new OrderShipped()], { expect: 'none' });
  await admin.append(customer('7'), [new OrderPlaced('secret of 7')]);
}, 60_000);

afterAll(async () => {
  await Promise.all(raw.map((nc) => nc.close()));
});

function optionsOf(role: Role): { servers: string; user: string; pass: string; inboxPrefix: string } {
  return {
    servers: server.url,
    user: role,
    pass: `${role}-secret`,
    inboxPrefix: `_INBOX_${role.replaceAll('-', '_')}`,
  };
}

async function storeOf(role: Role, options: Partial<EventStoreOptions> = {}): Promise<JetStreamEventStore> {
  return openStore({ name: 'shop', events: ORDER_EVENTS, ...optionsOf(role), ...options });
}

/** A connection without jetsource. */
async function rawOf(role: Role): Promise<NatsConnection> {
  const nc = await connect(optionsOf(role));
  raw.push(nc);
  return nc;
}

/** Whether the server rejects the request with a permissions violation. */
async function isRefused(nc: NatsConnection, subject: string, body: object = {}): Promise<boolean> {
  try {
    await nc.request(subject, JSON.stringify(body), { timeout: 2_000 });
    return false;
  } catch (error) {
    const reason = (error as Error).cause ?? error;
    if (reason instanceof PermissionViolationError) return true;
    throw error;
  }
}

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const start = performance.now();
  const result = await work;
  return { result, ms: performance.now() - start };
}

describe('a publisher', () => {
  it('appends to its category and reads it, with all methods', async () => {
    const store = await storeOf('publisher');
    const own = order('publisher-1');
    await store.append(own, counted(1, 3), { expect: 'none' });
    for (let n = 4; n < 40; n += 1) await store.append(own, counted(n));
    expect(await store.append(own, counted(40), { commandId: 'once' })).toMatchObject({ committed: true });
    expect(await store.append(own, counted(40), { commandId: 'once' })).toMatchObject({ committed: false });
    await expect(store.append(own, counted(1), { expect: 'none' })).rejects.toMatchObject({
      code: 'wrong-expected-version',
    });
    expect(await collect(store.read(own))).toHaveLength(40);
    expect(await collect(store.read(own, { consistency: 'leader', direction: 'backward' }))).toHaveLength(40);
    expect(await store.status(own)).toMatchObject({ version: 40 });
    expect(await store.lastSequence()).toBeGreaterThan(38);
  });

  it('gets an error at once for an append without permission, and nothing is stored', async () => {
    const store = await storeOf('publisher');
    const before = await admin.lastSequence();
    // 'none' needs no read before the append
    const { result, ms } = await timed(
      rejection(store.append(customer('8'), [new OrderPlaced('x')], { expect: 'none' })),
    );
    expect(result).toMatchObject({
      code: 'nats',
      outcome: 'not-applied',
      message: expect.stringContaining(`may not publish to ${subjectOf('shop', customer('8'))}`),
    });
    expect(ms).toBeLessThan(1_000);
    expect(await admin.lastSequence()).toBe(before);
  });

  it('gets the error for each of many concurrent appends, and permitted ones succeed', async () => {
    const store = await storeOf('publisher');
    const ids = Array.from({ length: 100 }, (_, n) => `many-${n}`);
    const append = (name: StreamName) => store.append(name, counted(1), { expect: 'none' });
    const permitted = Promise.all(ids.map((id) => append(order(id))));
    const refused = Promise.all(ids.map((id) => rejection(append(customer(id)))));
    const { result, ms } = await timed(Promise.all([permitted, refused]));
    expect(result[0].every(({ committed }) => committed)).toBe(true);
    expect(new Set(result[1].map((error) => (error as NatsError).code))).toEqual(new Set(['nats']));
    expect(new Set(result[1].map((error) => (error as NatsError).outcome))).toEqual(new Set(['not-applied']));
    expect(ms).toBeLessThan(5_000);
  });

  it('gets the error for concurrent appends to one stream', async () => {
    const store = await storeOf('publisher');
    const appends = Array.from({ length: 20 }, () =>
      rejection(store.append(customer('same'), counted(1), { expect: 'none' })),
    );
    const { result, ms } = await timed(Promise.all(appends));
    for (const error of result) expect(error).toMatchObject({ code: 'nats', outcome: 'not-applied' });
    expect(ms).toBeLessThan(2_000);
  });

  it('runs transactions on streams of its category, and the admin removes the checks that it cannot delete', async () => {
    const store = await storeOf('publisher');
    const [one, two] = [order('tx-1'), order('tx-2')];
    const entries = [
      { stream: one, expect: 'none', events: counted(1) },
      { stream: two, expect: 'none', events: counted(1) },
      { stream: order('publisher-1'), expect: 'exists' },
    ] as const;
    await store.transact(entries);
    expect(await collect(store.read(two))).toHaveLength(1);
    expect(await admin.sweepChecks(0)).toBe(1);
  });

  it('gets an error at once for a transaction with a stream that it may not write to', async () => {
    const store = await storeOf('publisher');
    const entries = [
      { stream: customer('tx-3'), expect: 'none', events: counted(1) },
      { stream: order('tx-3'), expect: 'none', events: counted(1) },
    ] as const;
    const { result, ms } = await timed(rejection(store.transact(entries)));
    expect({ result, ms }).toMatchObject({
      result: {
        code: 'nats',
        outcome: 'not-applied',
        message: expect.stringContaining(subjectOf('shop', customer('tx-3'))),
      },
    });
    expect(ms).toBeLessThan(1_000);
    expect(await store.status(order('tx-3'))).toMatchObject({ state: 'missing' });
  });

  it('cannot read the last commit of another category', async () => {
    const store = await storeOf('publisher');
    const { result, ms } = await timed(rejection(store.status(customer('7'))));
    expect(result).toMatchObject({
      code: 'nats',
      message: expect.stringContaining('may not publish to $JS.API.DIRECT.GET.shop.'),
    });
    expect(ms).toBeLessThan(1_000);
  });

  it('cannot replay', async () => {
    const store = await storeOf('publisher');
    const reasons: string[] = [];
    const leave = new AbortController();
    const following = collect(
      store.follow({
        categories: ['order'],
        signal: leave.signal,
        onRecovery: (reason) => reasons.push(reason),
      }),
    );
    await until('the reason', () => reasons.length > 0, 1_000);
    leave.abort();
    await following;
    expect(reasons[0]).toMatch(/may not publish to \$JS\.API\.CONSUMER\.CREATE\.shop\./);
    const { result, ms } = await timed(rejection(collect(store.readAll({ categories: ['order'] }))));
    expect(result).toMatchObject({ code: 'nats', message: expect.stringContaining('CONSUMER.CREATE') });
    expect(ms).toBeLessThan(1_000);
  });

  it('cannot create or edit a store, or delete anything', async () => {
    const { result, ms } = await timed(rejection(storeOf('publisher', { name: 'shop2' })));
    expect(result).toMatchObject({ code: 'nats', outcome: 'not-applied' });
    expect(ms).toBeLessThan(2_000);
    const nc = await rawOf('publisher');
    for (const call of [
      'STREAM.CREATE.shop2',
      'STREAM.UPDATE.shop',
      'STREAM.DELETE.shop',
      'STREAM.PURGE.shop',
      'STREAM.MSG.DELETE.shop',
      'CONSUMER.CREATE.shop.x',
    ]) {
      expect([call, await isRefused(nc, `$JS.API.${call}`, { seq: 1 })]).toEqual([call, true]);
    }
  });

  it('cannot remove events with a roll-up', async () => {
    const nc = await rawOf('publisher');
    const rollup = headers();
    rollup.set('Nats-Rollup', 'all');
    const reply = await nc.request(subjectOf('shop', order('1')), '{}', { headers: rollup, timeout: 2_000 });
    expect(reply.json()).toMatchObject({ error: { err_code: 10111 } });
  });

  // if this fails, the server has become stricter, and docs/security.md can be changed
  it('can read any category by sequence, as documented', async () => {
    const nc = await rawOf('publisher');
    const reply = await nc.request('$JS.API.DIRECT.GET.shop', '{"seq":2}', { timeout: 2_000 });
    expect(reply.string()).toContain('secret of 7');
  });
});

describe('a projection', () => {
  it('replays and follows its category, and verifies its checkpoint', async () => {
    const store = await storeOf('projection');
    const events = await collect(store.readAll({ categories: ['order'] }));
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['OrderPlaced', 'OrderShipped']);
    expect(new Set(events.map((event) => event.stream.category))).toEqual(new Set(['order']));
    const leave = new AbortController();
    const following = collect(store.follow({ categories: ['order'], signal: leave.signal }), 1);
    expect(await following).toHaveLength(1);
    expect(await store.commitAt(1)).toMatchObject({ sequence: 1 });
    expect(await store.lastSequence()).toBeGreaterThan(1);
    // its consumers are deleted, not left to time out
    const nc = await rawOf('admin');
    await until('all consumers are gone', async () => {
      const reply = await nc.request('$JS.API.CONSUMER.NAMES.shop', '', { timeout: 2_000 });
      const { consumers } = reply.json<{ consumers: string[] | null }>();
      return (consumers ?? []).every((name) => !name.startsWith('replay-'));
    });
  });

  it.each([
    ['another category', ['customer']],
    ['two categories', ['order', 'customer']],
    ['the whole store', undefined],
  ])('does not replay %s', async (_, categories) => {
    const store = await storeOf('projection');
    const reasons: string[] = [];
    const leave = new AbortController();
    const following = collect(
      store.follow({ categories, signal: leave.signal, onRecovery: (reason) => reasons.push(reason) }),
    );
    await until('the reason', () => reasons.length > 0, 1_000);
    leave.abort();
    expect(await following).toEqual([]);
    expect(reasons[0]).toContain('may not publish to $JS.API.CONSUMER.CREATE.shop.');
  });

  it('cannot put one category in the subject and another in the body', async () => {
    const nc = await rawOf('projection');
    const config = { name: 'x', ack_policy: 'none', filter_subject: 'shop.*.customer.*' };
    const body = { stream_name: 'shop', config, action: 'create' };
    const reply = await nc.request('$JS.API.CONSUMER.CREATE.shop.x.shop.*.order.*', JSON.stringify(body), {
      timeout: 2_000,
    });
    expect(reply.json()).toMatchObject({ error: { err_code: 10131 } });
  });

  it('cannot append or delete events', async () => {
    const store = await storeOf('projection');
    const { result, ms } = await timed(rejection(store.append(order('p'), counted(1), { expect: 'none' })));
    expect(result).toMatchObject({
      code: 'nats',
      outcome: 'not-applied',
      message: expect.stringContaining(subjectOf('shop', order('p'))),
    });
    expect(ms).toBeLessThan(1_000);
    const nc = await rawOf('projection');
    for (const call of ['STREAM.MSG.DELETE.shop', 'STREAM.PURGE.shop', 'STREAM.DELETE.shop']) {
      expect([call, await isRefused(nc, `$JS.API.${call}`, { seq: 1 })]).toEqual([call, true]);
    }
  });
});

describe('lanes', () => {
  const run = async (_: number, signal: AbortSignal): Promise<void> => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  };
  const works = [{ name: 'summary', lanes: 2, run }];

  it.each(['projection', 'projection-of-all', 'admin'] as const)(
    'are shared by a user who is %s',
    async (role) => {
      const errors: unknown[] = [];
      const onError = (error: unknown): void => void errors.push(error);
      const [store, elsewhere] = [await storeOf(role), await storeOf(role)];
      await using one = new LaneRunner(store.records, store.peers, { onError });
      await using other = new LaneRunner(elsewhere.records, elsewhere.peers, { onError });
      await one.start(works);
      await other.start(works);
      await until('each has one', () => {
        const owners = other.owners('summary').map(({ owner }) => owner?.id);
        return new Set(owners).size === 2 && !owners.includes(undefined);
      });
      await one.stop();
      await until('the other has both', () => other.owners('summary').every(({ owner }) => owner?.isSelf));
      expect(errors).toEqual([]);
      expect([store.peers.areHeard, elsewhere.peers.areHeard]).toEqual([true, true]);
    },
  );

  it.each(['projection', 'projection-of-all', 'admin'] as const)(
    'are listed and steered from the command line by a user who is %s',
    async (role) => {
      const store = await storeOf('admin');
      await using runner = new LaneRunner(store.records, store.peers);
      await runner.start([{ name: 'projection.summary.1.1.db', lanes: 1, run }]);
      const lines: string[] = [];
      const command = projectionsCommand(() => ({
        ...processSurroundings(),
        print: (line) => lines.push(line),
      }));
      const { inboxPrefix } = optionsOf(role);
      const servers = server.url.replace('://', `://${role}:${role}-secret@`);
      const flags = ['--store', 'shop', '--servers', servers, '--inbox-prefix', inboxPrefix];
      await command.parseAsync(['list', ...flags], { from: 'user' });
      expect(lines.at(-1)).toMatch(/^summary +1 /);
      await command.parseAsync(['rebuild', 'summary', '--detach', ...flags], { from: 'user' });
      expect(lines.at(-1)).toMatch(/^asked for a rebuild of summary/);
    },
  );

  it('are refused to a publisher at once, with the subject to permit', async () => {
    const store = await storeOf('publisher');
    await using runner = new LaneRunner(store.records, store.peers);
    const { result, ms } = await timed(rejection(runner.start(works)));
    expect(result).toMatchObject({
      code: 'nats',
      outcome: 'not-applied',
      message: expect.stringContaining('may not publish to $JS.API.STREAM.INFO.shop~records'),
    });
    expect(ms).toBeLessThan(2_000);
  });
});

describe('a projection of all', () => {
  it('replays two categories and the whole store', async () => {
    const store = await storeOf('projection-of-all');
    const two = await collect(store.readAll({ categories: ['order', 'customer'] }));
    const all = await collect(store.readAll());
    expect(new Set(two.map((event) => event.stream.category))).toEqual(new Set(['order', 'customer']));
    expect(all.length).toBeGreaterThanOrEqual(two.length);
  });
});

describe('a projection into a KV bucket', () => {
  it('builds its model, reads it and builds it again, once the admin has created the bucket', async () => {
    const options = { bucket: 'shop-models' };
    const store = await storeOf('kv-projection');
    expect(await rejection(kvProjectionStore(store, options))).toMatchObject({ code: 'nats' });
    await kvProjectionStore(admin, options);
    const models = await kvProjectionStore(store, options);
    const projection = defineProjection({
      name: 'customers',
      categories: ['order'],
      store: models,
      table: 'customers',
      key: (event) => event.data.customer,
      events: { OrderPlaced },
      on: {
        OrderPlaced: (row: { orders: number } | undefined, _event) => ({ orders: (row?.orders ?? 0) + 1 }),
      },
    });
    await using projections = new Projections(store, [projection]);
    await projections.start();
    await projections.waitUntilLive({ timeoutMs: 10_000 });
    expect(await models.get('customers', 'ada')).toMatchObject({ id: 'ada' });
    await projections.rebuild('customers', {});
    expect((await models.table('customers')).has('ada')).toBe(true);
    const nc = await rawOf('kv-projection');
    for (const subject of ['$KV.other.x', '$JS.API.STREAM.DELETE.KV_shop-models', 'shop.1.order.1'])
      expect(await isRefused(nc, subject)).toBe(true);
  });
});

describe('a reactor', () => {
  it('receives and acknowledges the messages of its durable consumer, and can do nothing else', async () => {
    const boss = await rawOf('admin');
    const billing = {
      durable_name: 'billing',
      ack_policy: 'explicit',
      filter_subject: 'shop.*.order.*',
    };
    const other = { ...billing, durable_name: 'mailing' };
    for (const config of [billing, other]) {
      const subject = `$JS.API.CONSUMER.CREATE.shop.${config.durable_name}.shop.*.order.*`;
      const made = await boss.request(subject, JSON.stringify({ stream_name: 'shop', config }), {
        timeout: 2_000,
      });
      expect(made.json()).toMatchObject({ name: config.durable_name });
    }
    const nc = await rawOf('reactor');
    // a delivered message has its stored subject, which the shared inbox of the client does not match
    const message = await nc.request('$JS.API.CONSUMER.MSG.NEXT.shop.billing', '{"batch":1}', {
      timeout: 2_000,
      noMux: true,
    });
    expect(message.subject).toBe(subjectOf('shop', order('1')));
    // an acknowledgement with a reply address is answered
    await nc.request(message.reply ?? '', '', { timeout: 2_000 });
    const info = await nc.request('$JS.API.CONSUMER.INFO.shop.billing', '', { timeout: 2_000 });
    expect(info.json()).toMatchObject({ ack_floor: { stream_seq: 1 } });
    for (const subject of [
      '$JS.API.CONSUMER.MSG.NEXT.shop.mailing',
      '$JS.API.CONSUMER.DELETE.shop.billing',
      '$JS.API.CONSUMER.CREATE.shop.x.shop.*.order.*',
      '$JS.API.STREAM.MSG.GET.shop',
      '$JS.API.STREAM.MSG.DELETE.shop',
      subjectOf('shop', order('1')),
    ]) {
      expect([subject, await isRefused(nc, subject)]).toEqual([subject, true]);
    }
  });
});

describe('the admin', () => {
  it('edits the store and deletes events, but cannot purge or delete the store', async () => {
    const nc = await rawOf('admin');
    const info = await nc.request('$JS.API.STREAM.INFO.shop', '', { timeout: 2_000 });
    const { config } = info.json<{ config: object }>();
    const edited = await nc.request(
      '$JS.API.STREAM.UPDATE.shop',
      JSON.stringify({ ...config, description: 'orders' }),
      { timeout: 2_000 },
    );
    expect(edited.json()).toMatchObject({ config: { description: 'orders' } });
    const { position } = await admin.append(order('gone'), counted(1));
    const sequence = Number(String(position).split('.')[0]);
    const deleted = await nc.request('$JS.API.STREAM.MSG.DELETE.shop', JSON.stringify({ seq: sequence }), {
      timeout: 2_000,
    });
    expect(deleted.json()).toMatchObject({ success: true });
    expect(await isRefused(nc, '$JS.API.STREAM.PURGE.shop')).toBe(true);
    expect(await isRefused(nc, '$JS.API.STREAM.DELETE.shop')).toBe(true);
  });
});

describe('an inbox', () => {
  it('that the user may not subscribe to makes the connect fail with its name', async () => {
    const { result, ms } = await timed(rejection(storeOf('publisher', { inboxPrefix: '_INBOX' })));
    expect(result).toMatchObject({
      code: 'nats',
      outcome: 'not-applied',
      message: expect.stringMatching(/may not subscribe to _INBOX\..*inboxPrefix/),
    });
    expect(ms).toBeLessThan(2_000);
  });

  it('of one user cannot be subscribed to by another', async () => {
    const nc = await rawOf('reactor');
    const refused = new Promise((resolve) => {
      nc.subscribe('_INBOX_publisher.>', { callback: (error) => resolve(error) });
    });
    expect(await refused).toMatchObject({ name: 'PermissionViolationError' });
  });
});
