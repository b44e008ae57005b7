import { streamName } from '../../src/event/stream-name.js';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import type { CommitBatch, FollowOptions } from '../../src/event-store/replay/follow-options.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { UnusableReplicaError } from '../../src/jetstream/streams/stream-errors.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startHubAndLeaf } from '../security/leaf-node.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { rejection, until } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

let raw: RawNats;
let store: JetStreamEventStore;
let mirror: string;
const readings: Reading[] = [];

beforeAll(async () => {
  raw = await RawNats.open();
});

beforeEach(async () => {
  store = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
  mirror = `${store.name}-mirror`;
});

afterEach(async () => {
  await Promise.all(readings.splice(0).map((reading) => reading.stop()));
});

afterAll(async () => {
  await raw.nc.close();
});

/** A replay that is being read. */
class Reading {
  readonly sequences: number[] = [];
  readonly batches: CommitBatch[] = [];
  readonly recoveries: string[] = [];
  failure: unknown;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(followed: JetStreamEventStore, options: FollowOptions) {
    const onRecovery = (reason: string): void => void this.recoveries.push(reason);
    this.#ended = this.#read(followed, { ...options, onRecovery, signal: this.#stop.signal });
    readings.push(this);
  }

  get isCaughtUp(): boolean {
    return this.batches.at(-1)?.caughtUp === true;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #read(followed: JetStreamEventStore, options: FollowOptions): Promise<void> {
    try {
      for await (const batch of followed.follow(options)) {
        this.batches.push(batch);
        this.sequences.push(...batch.commits.map(({ sequence }) => sequence));
      }
    } catch (error) {
      this.failure = error;
    }
  }
}

function reading(options: FollowOptions = {}): Reading {
  return new Reading(store, { readFrom: { stream: mirror }, ...options });
}

async function create(config: Record<string, unknown> & { name: string }, nats = raw): Promise<void> {
  expect((await nats.api(`STREAM.CREATE.${config.name}`, config))['error']).toBeUndefined();
}

async function createMirror(settings: Record<string, unknown> = {}): Promise<void> {
  await create({ name: mirror, mirror: { name: store.name, ...settings } });
}

async function append(from: number, to: number, category = 'order'): Promise<void> {
  for (let n = from; n <= to; n += 1) await store.append(streamName(category, `id-${n % 5}`), counted(n));
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a replay from a mirror', () => {
  it('delivers the sequences, times and holes of the store, and goes on while events are appended', async () => {
    await append(1, 20);
    await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq: 7 });
    await createMirror();
    const fromMirror = reading();
    await append(21, 40);
    await until('the mirror has all', () => fromMirror.sequences.at(-1) === 40);
    const own = new Reading(store, {});
    await until('the store has all', () => own.sequences.at(-1) === 40);
    expect(fromMirror.sequences).toEqual([...range(1, 6), ...range(8, 40)]);
    expect(fromMirror.batches.flatMap(({ commits }) => commits)).toEqual(
      own.batches.flatMap(({ commits }) => commits),
    );
  });

  it('reads from the mirror, not from the store: it still has what was deleted there later', async () => {
    await append(1, 3);
    await createMirror();
    await until('the mirror has all', async () => (await raw.messageCount(mirror)) === 3);
    await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq: 2 });
    const fromMirror = reading();
    await until('it has caught up', () => fromMirror.isCaughtUp);
    expect(fromMirror.sequences).toEqual([1, 2, 3]);
    expect(await store.commitAt(2)).toBeUndefined();
    const events = await store.readCommits(streamName('order', 'id-1'));
    expect(events.commits.map(({ sequence }) => sequence)).toEqual([1]);
  });

  it('takes categories, slots and a start, as from the store', async () => {
    await append(1, 10);
    await append(11, 20, 'payment');
    await createMirror();
    const payments = reading({ categories: ['payment'], from: { sequence: 13 } });
    await until('it has caught up', () => payments.sequences.at(-1) === 20);
    expect(payments.sequences).toEqual(range(13, 20));
    const slots = range(0, 31);
    const own = new Reading(store, { slots });
    const half = reading({ slots });
    await until('both have caught up', () => own.isCaughtUp && half.isCaughtUp);
    expect(half.sequences.length).toBeGreaterThan(0);
    expect(half.sequences).toEqual(own.sequences);
  });

  it('reads what a filtered mirror holds, and refuses to read what it does not hold', async () => {
    await append(1, 3);
    await append(4, 6, 'payment');
    await createMirror({ filter_subject: `${store.name}.*.payment.*` });
    const payments = reading({ categories: ['payment'] });
    await until('it has caught up', () => payments.sequences.length === 3);
    expect(payments.sequences).toEqual([4, 5, 6]);
    for (const options of [{}, { categories: ['order'] }, { categories: ['payment', 'order'] }]) {
      const refused = reading(options);
      await until('it is refused', () => refused.failure !== undefined);
      expect(refused.failure).toBeInstanceOf(UnusableReplicaError);
      expect(String(refused.failure)).toContain('.payment.*');
    }
  });

  it('refuses a mirror that begins after the replay', async () => {
    await append(1, 5);
    await createMirror({ opt_start_seq: 3 });
    const refused = reading();
    await until('it is refused', () => refused.failure !== undefined);
    expect(String(refused.failure)).toContain('begins at 3');
    const later = reading({ from: { sequence: 3 } });
    await until('it has caught up', () => later.sequences.at(-1) === 5);
    expect(later.sequences).toEqual([3, 4, 5]);
  });

  it('heals when its consumer is deleted', async () => {
    await append(1, 5);
    await createMirror();
    const fromMirror = reading();
    await until('it has caught up', () => fromMirror.sequences.at(-1) === 5);
    for (const consumer of await raw.consumers(mirror))
      await raw.api(`CONSUMER.DELETE.${mirror}.${consumer}`);
    await append(6, 8);
    await until('it goes on', () => fromMirror.sequences.at(-1) === 8);
    expect(fromMirror.sequences).toEqual(range(1, 8));
    expect(fromMirror.recoveries.length).toBeGreaterThan(0);
  });

  it('ends within seconds with an error that names the mirror when the mirror is deleted', async () => {
    await append(1, 5);
    await createMirror();
    const fromMirror = reading();
    await until('it has caught up', () => fromMirror.sequences.at(-1) === 5);
    await raw.api(`STREAM.DELETE.${mirror}`);
    await until('it ends', () => fromMirror.failure !== undefined);
    expect(fromMirror.failure).toMatchObject({
      code: 'unusable-replica',
      stream: mirror,
      store: store.name,
      reason: 'it was deleted',
    });
  });

  it('goes on without gap or double when the mirror is deleted and created again at once', async () => {
    await append(1, 50);
    await createMirror();
    const fromMirror = reading();
    await until('it has caught up', () => fromMirror.sequences.at(-1) === 50);
    await raw.api(`STREAM.DELETE.${mirror}`);
    await createMirror();
    await append(51, 60);
    await until('it goes on', () => fromMirror.sequences.at(-1) === 60);
    expect(fromMirror.sequences).toEqual(range(1, 60));
  });

  it('refuses another stream that is created under the name of the mirror', async () => {
    await append(1, 5);
    await createMirror();
    const fromMirror = reading();
    await until('it has caught up', () => fromMirror.sequences.at(-1) === 5);
    await raw.api(`STREAM.DELETE.${mirror}`);
    await create({ name: mirror, subjects: [`${mirror}.>`] });
    for (let n = 0; n < 10; n += 1) await raw.store(`${mirror}.x`, 'foreign');
    await until('it ends', () => fromMirror.failure !== undefined);
    expect(fromMirror.failure).toMatchObject({ code: 'unusable-replica', reason: 'it is no mirror' });
    expect(fromMirror.sequences).toEqual(range(1, 5));
  });

  it.each([
    ['a stream that does not exist', 'does not exist', async () => undefined],
    [
      'a stream that is no mirror',
      'no mirror',
      async () => create({ name: mirror, subjects: [`${mirror}.>`] }),
    ],
    ['a source', 'it is a source', async () => create({ name: mirror, sources: [{ name: store.name }] })],
    [
      'a mirror of another stream',
      'it is a mirror of',
      async () => {
        const other = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
        await create({ name: mirror, mirror: { name: other.name } });
      },
    ],
    [
      'a mirror that drops messages',
      'max_msgs 3',
      async () => create({ name: mirror, max_msgs: 3, mirror: { name: store.name } }),
    ],
  ])('refuses %s', async (_, reason, make) => {
    await append(1, 2);
    await make();
    const refused = reading();
    await until('it is refused', () => refused.failure !== undefined);
    expect(refused.failure).toMatchObject({ code: 'unusable-replica', stream: mirror, store: store.name });
    expect(String(refused.failure)).toContain(reason);
    expect(refused.sequences).toEqual([]);
  });

  it('refuses a mirror that was filled by an earlier store of the name', async () => {
    await append(1, 4);
    await createMirror();
    await until('the mirror has all', async () => (await raw.messageCount(mirror)) === 4);
    const { name } = store;
    await store.close();
    await raw.api(`STREAM.DELETE.${name}`);
    store = await openStore({ name, events: ORDER_EVENTS });
    await append(101, 102);
    const shorter = reading();
    await until('it is refused', () => shorter.failure !== undefined);
    expect(String(shorter.failure)).toContain('goes on to sequence 4');
    await append(103, 106);
    const other = reading();
    await until('it is refused', () => other.failure !== undefined);
    expect(String(other.failure)).toMatch(/another one|goes on/);
    expect([...shorter.sequences, ...other.sequences]).toEqual([]);
  });

  it('refuses options that name no stream, and a store in memory, which has no mirrors', async () => {
    for (const readFrom of [{}, { stream: '' }, { stream: 'a.b' }, { stream: 'a', domian: 'x' }]) {
      const error = await rejection(store.follow({ readFrom: readFrom as { stream: string } }).next());
      expect(error).toMatchObject({ code: 'invalid-option' });
    }
    const inMemory = inMemoryEventStore({ events: ORDER_EVENTS });
    const refused = await rejection(inMemory.follow({ readFrom: { stream: 'm' } }).next());
    expect(String(refused)).toContain('a store in memory has no mirrors');
    const lag = await rejection(inMemory.replicaLag({ stream: 'm' }));
    expect(lag).toMatchObject({ code: 'invalid-option' });
  });
});

describe('the lag of a mirror', () => {
  it('is 0 when the mirror has all that it copies, and counts what it lacks', async () => {
    await append(1, 5);
    await createMirror();
    await until('it is up to date', async () => (await store.replicaLag({ stream: mirror })) === 0);
    const filtered = `${store.name}-payments`;
    const filter = `${store.name}.*.payment.*`;
    await create({ name: filtered, mirror: { name: store.name, filter_subject: filter } });
    expect(await store.replicaLag({ stream: filtered })).toBe(0);
    await append(6, 6, 'payment');
    await append(7, 9);
    await until('it is up to date', async () => (await store.replicaLag({ stream: filtered })) === 0);
    expect(await rejection(store.replicaLag({ stream: store.name }))).toBeInstanceOf(UnusableReplicaError);
  });
});

describe('a mirror in another JetStream domain', () => {
  let hub: NatsServer;
  let leaf: NatsServer;

  beforeAll(async () => {
    ({ hub, leaf } = await startHubAndLeaf());
  }, 60_000);

  it('is read through its domain, with the sequences of the store, and its lag is known', async () => {
    const name = uniqueStoreName();
    await using hubStore = await connectEventStore({ servers: hub.url, name, events: ORDER_EVENTS });
    await using onLeaf = await RawNats.open(leaf.url);
    const replica = { stream: 'M', domain: 'leaf' };
    await create({ name: 'M', mirror: { name, external: { api: '$JS.hub.API' } } }, onLeaf);
    await create({ name: 'W', mirror: { name, external: { api: '$JS.moon.API' } } }, onLeaf);
    for (let n = 1; n <= 5; n += 1) await hubStore.append('order/1', counted(n));
    const fromMirror = new Reading(hubStore, { readFrom: replica, categories: ['order'] });
    await until(
      'it has caught up',
      () => fromMirror.sequences.at(-1) === 5 || fromMirror.failure !== undefined,
    );
    expect(fromMirror.failure).toBeUndefined();
    for (let n = 6; n <= 9; n += 1) await hubStore.append('order/1', counted(n));
    await until('it goes on', () => fromMirror.sequences.at(-1) === 9);
    expect(fromMirror.sequences).toEqual(range(1, 9));
    await until('there is no lag', async () => (await hubStore.replicaLag(replica)) === 0);
    // by an import, whose prefix says nothing of its domain, that leads nowhere
    await create({ name: 'N', mirror: { name, external: { api: 'NOWHERE.API' } } }, onLeaf);
    expect(await hubStore.replicaLag({ stream: 'N', domain: 'leaf' })).toBe(9);
    const elsewhere = new Reading(hubStore, { readFrom: { stream: 'W', domain: 'leaf' } });
    await until('it is refused', () => elsewhere.failure !== undefined);
    expect(String(elsewhere.failure)).toContain('domain moon');
    await fromMirror.stop();
  });

  it('goes on after the server of the mirror was restarted', async () => {
    const name = uniqueStoreName();
    await using hubStore = await connectEventStore({ servers: hub.url, name, events: ORDER_EVENTS });
    await using onLeaf = await RawNats.open(leaf.url);
    await create({ name: 'R', mirror: { name, external: { api: '$JS.hub.API' } } }, onLeaf);
    for (let n = 1; n <= 5; n += 1) await hubStore.append('order/1', counted(n));
    const fromMirror = new Reading(hubStore, { readFrom: { stream: 'R', domain: 'leaf' } });
    await until('it has caught up', () => fromMirror.sequences.at(-1) === 5);
    await leaf.kill();
    await hubStore.append('order/1', counted(6));
    await leaf.restart();
    await until('it goes on', () => fromMirror.sequences.at(-1) === 6, 60_000);
    expect(fromMirror.sequences).toEqual(range(1, 6));
    expect(fromMirror.recoveries.length).toBeGreaterThan(0);
    await fromMirror.stop();
  }, 90_000);
});
