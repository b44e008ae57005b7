import type { EventStoreOptions } from '../../src/event-store/connect-event-store.js';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { streamName } from '../../src/event/stream-name.js';
import { Event } from '../../src/event/event-type.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

let raw: RawNats;

beforeAll(async () => {
  raw = await RawNats.open();
});

afterAll(async () => {
  await raw.nc.close();
});

/** The settings of a JetStream stream that jetsource created. */
async function goodConfig(name: string): Promise<Record<string, unknown>> {
  const model = uniqueStoreName();
  await openStore({ name: model });
  const { config } = await raw.api<{ config: Record<string, unknown> }>(`STREAM.INFO.${model}`);
  return { ...config, name, subjects: [`${name}.*.*.*`] };
}

async function createWith(changes: Record<string, unknown>): Promise<string> {
  const name = uniqueStoreName();
  const answer = await raw.api<{ error?: object }>(`STREAM.CREATE.${name}`, {
    ...(await goodConfig(name)),
    ...changes,
  });
  expect(answer.error).toBeUndefined();
  return name;
}

async function configOf(name: string): Promise<unknown> {
  return (await raw.api<{ config: unknown }>(`STREAM.INFO.${name}`)).config;
}

describe('a new store', () => {
  it('is a JetStream stream with all required settings', async () => {
    const name = uniqueStoreName();
    const store = await openStore({ name });
    expect(await configOf(name)).toMatchObject({
      name,
      subjects: [`${name}.*.*.*`],
      storage: 'file',
      retention: 'limits',
      discard: 'new',
      max_msgs: -1,
      max_bytes: -1,
      max_age: 0,
      max_msgs_per_subject: -1,
      num_replicas: 1,
      duplicate_window: 120_000_000_000,
      allow_direct: true,
      allow_atomic: true,
      allow_rollup_hdrs: false,
      deny_delete: false,
      metadata: { 'jetsource.store': store.identity, 'jetsource.format': '1' },
    });
  });

  it('is created once by eight concurrent connects', async () => {
    const name = uniqueStoreName();
    const stores = await Promise.all(
      Array.from({ length: 8 }, async () => openStore({ name, events: ORDER_EVENTS })),
    );
    expect(new Set(stores.map(({ identity }) => identity)).size).toBe(1);
    await Promise.all(stores.map(async (store, n) => store.append(streamName('order', '1'), counted(n))));
    expect(await collect(stores[0]!.read(streamName('order', '1')))).toHaveLength(8);
  });

  it('has the same identity when it is opened again', async () => {
    const name = uniqueStoreName();
    const first = await openStore({ name });
    const before = await configOf(name);
    expect((await openStore({ name })).identity).toBe(first.identity);
    expect(await configOf(name)).toEqual(before);
  });

  it('has another identity than other stores', async () => {
    const [one, two] = [await openStore(), await openStore()];
    expect(one.identity).not.toBe(two.identity);
  });

  it('can be stored in memory, for tests', async () => {
    const store = await openStore({ storage: 'memory', events: ORDER_EVENTS });
    await store.append(streamName('order', '1'), counted(1));
    expect(await configOf(store.name)).toMatchObject({ storage: 'memory' });
  });

  it('with three replicas on a single server is an error, and creates nothing', async () => {
    const name = uniqueStoreName();
    expect(await rejection(openStore({ name, replicas: 3 }))).toMatchObject({ name: 'NatsError' });
    expect(await raw.api(`STREAM.INFO.${name}`)).toMatchObject({ error: { err_code: 10059 } });
  });
});

describe('an existing stream', () => {
  it.each<[string, Record<string, unknown>]>([
    ['discard', { discard: 'old' }],
    ['max_age', { max_age: 3_600_000_000_000 }],
    ['max_msgs', { max_msgs: 1_000_000 }],
    ['max_msgs_per_subject', { max_msgs_per_subject: 5 }],
    ['duplicate_window', { duplicate_window: 60_000_000_000 }],
    ['allow_direct', { allow_direct: false }],
    ['allow_atomic', { allow_atomic: false }],
    ['allow_rollup_hdrs', { allow_rollup_hdrs: true }],
    ['allow_msg_ttl', { allow_msg_ttl: true }],
    ['deny_delete', { deny_delete: true }],
    ['no_ack', { no_ack: true, allow_atomic: false }],
    ['retention', { retention: 'interest' }],
    ['storage', { storage: 'memory' }],
    ['jetsource.store', { metadata: {} }],
    ['allow_msg_schedules', { allow_msg_schedules: true, discard: 'old' }],
    ['subject_transform', { subject_transform: { src: '*.*.order.*', dest: '$1.$2.other.$3' } }],
    ['sources', { sources: [{ name: 'elsewhere' }] }],
    ['jetsource.format', { metadata: { 'jetsource.store': 'x', 'jetsource.format': '2' } }],
  ])(
    'with an unsuitable %s is rejected with the name of the setting, and not changed',
    async (setting, changes) => {
      const name = await createWith(changes);
      const before = await configOf(name);
      const error = await rejection(openStore({ name }));
      expect(error).toMatchObject({ name: 'StoreSettingsError', store: name });
      expect((error as { faults: string[] }).faults).toContainEqual(expect.stringContaining(setting));
      expect(String(error)).toContain(setting);
      expect(await configOf(name)).toEqual(before);
    },
  );

  it('with other subjects is rejected with the required ones', async () => {
    const name = await createWith({ subjects: [`elsewhere-${uniqueStoreName()}.>`] });
    expect(await rejection(openStore({ name }))).toMatchObject({
      name: 'StoreSettingsError',
      message: expect.stringContaining(`${name}.*.*.*`) as string,
    });
  });

  it('with a second subject is rejected', async () => {
    const name = await createWith({});
    const { config } = await raw.api<{ config: object }>(`STREAM.INFO.${name}`);
    const edited = { ...config, subjects: [`${name}.*.*.*`, `${name}-more.>`] };
    await raw.api(`STREAM.UPDATE.${name}`, edited);
    expect(await rejection(openStore({ name }))).toMatchObject({
      name: 'StoreSettingsError',
      message: expect.stringContaining(`must be ${name}.*.*.* alone`) as string,
    });
  });

  it('with several unsuitable settings is rejected with all of them', async () => {
    const name = await createWith({ discard: 'old', max_age: 3_600_000_000_000 });
    const { faults } = (await rejection(openStore({ name }))) as { faults: string[] };
    expect(faults).toHaveLength(2);
  });

  it('cannot be created if another JetStream stream captures its subjects', async () => {
    const name = uniqueStoreName();
    await raw.api(`STREAM.CREATE.other-${name}`, { name: `other-${name}`, subjects: [`${name}.>`] });
    expect(await rejection(openStore({ name }))).toMatchObject({
      name: 'NatsError',
      message: expect.stringContaining(name) as string,
    });
  });

  it.each<[string, Record<string, unknown>, Partial<EventStoreOptions>]>([
    ['max_bytes', { max_bytes: 1_000_000_000 }, {}],
    ['max_msg_size', { max_msg_size: 10_000 }, {}],
    ['num_replicas', {}, { replicas: 3 }],
    ['compression', { compression: 's2' }, {}],
    ['description', { description: 'the orders' }, {}],
    ['republish', { republish: { src: '>', dest: 'copies.>' } }, {}],
    ['deny_purge', { deny_purge: true }, {}],
    ['metadata', { metadata: { 'jetsource.store': 'x', 'jetsource.format': '1', team: 'a' } }, {}],
  ])(
    'with another %s than requested is used with a warning, and not changed',
    async (setting, changes, options) => {
      const name = await createWith(changes);
      const before = await configOf(name);
      const warnings: string[] = [];
      await openStore({ name, onWarning: (warning) => warnings.push(warning), ...options });
      expect(warnings).toEqual([expect.stringContaining(setting)]);
      expect(warnings[0]).toContain(name);
      expect(await configOf(name)).toEqual(before);
    },
  );

  it('that is full rejects appends and transactions at once with the reason, and stores none of their events', async () => {
    const name = await createWith({ max_bytes: 3_000 });
    const store = await openStore({ name, events: ORDER_EVENTS, onWarning: () => undefined });
    const order = streamName('order', '1');
    await store.append(order, [new OrderPlaced('x'.repeat(2_000))]);
    const begun = performance.now();
    const full = {
      code: 'nats',
      outcome: 'not-applied',
      message: expect.stringContaining('maximum bytes exceeded') as string,
    };
    const large = [new OrderPlaced('y'.repeat(2_000))];
    expect(await rejection(store.append(order, large))).toMatchObject(full);
    const entries = ['2', '3'].map((id) => ({ stream: streamName('order', id), events: large }));
    expect(await rejection(store.transact(entries))).toMatchObject(full);
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(await store.status(order)).toMatchObject({ version: 1 });
    expect(await store.status(streamName('order', '2'))).toMatchObject({ state: 'missing' });
  });

  it('with the requested settings is used without a warning', async () => {
    const name = await createWith({});
    const warnings: string[] = [];
    await openStore({ name, replicas: 1, onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toEqual([]);
  });
});

describe('connectEventStore rejects', () => {
  it.each(['', 'a.b', 'a b', '*', '>', '$JS', '1a', 'x'.repeat(65), null, undefined, 5])(
    'the name %j',
    async (name) => {
      expect(await rejection(openStore({ name: name as string }))).toMatchObject({
        name: 'InvalidOptionError',
        option: 'name',
      });
    },
  );

  it.each<[string, object]>([
    ['storage', { storage: 'disk' }],
    ['replicas', { replicas: 0 }],
    ['replicas', { replicas: 1.5 }],
    ['events', { events: undefined }],
    ['credentialsFile', { credentialsFile: '/does/not/exist.creds' }],
    ['apiPrefix', { domain: 'leaf', apiPrefix: '$JS.leaf.API' }],
  ])('an invalid %s', async (option, options) => {
    expect(await rejection(openStore(options as never))).toMatchObject({
      name: 'InvalidOptionError',
      option,
    });
  });

  it('two classes with one event type, before anything is created', async () => {
    @Event('Same')
    class One {}
    @Event('Same')
    class Two {}
    const name = uniqueStoreName();
    expect(await rejection(openStore({ name, events: [One, Two] }))).toMatchObject({
      name: 'EventRegistrationError',
    });
    expect(await raw.api(`STREAM.INFO.${name}`)).toMatchObject({ error: { err_code: 10059 } });
  });

  it('an unreachable server, with its name', async () => {
    const error = await rejection(
      connectEventStore({ servers: 'nats://127.0.0.1:1', name: 'shop', events: [] }),
    );
    expect(error).toMatchObject({
      name: 'NatsError',
      message: expect.stringContaining('127.0.0.1:1') as string,
    });
    expect(sharedServerUrl()).toMatch(/^nats:/);
  });
});
