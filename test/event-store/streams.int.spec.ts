import { slotOf } from '../../src/event/slot.js';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const IDS = Array.from({ length: 500 }, (_, index) => `id-${index}`);
let store: JetStreamEventStore;
let raw: RawNats;

beforeAll(async () => {
  store = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
  raw = await RawNats.open();
  await fill(store, IDS);
  await store.append(streamName('payment', 'p'), counted(1));
});

afterAll(async () => {
  await raw.nc.close();
});

async function fill(target: JetStreamEventStore, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map(async (id) => target.append(streamName('order', id), counted(1))));
}

function idsOf(streams: readonly StreamName[]): string[] {
  return streams.map(({ id }) => id);
}

/** All pages from a page token on, with the given limit. */
async function pages(limit?: number, pageToken?: string): Promise<StreamName[][]> {
  const all: StreamName[][] = [];
  let token = pageToken;
  do {
    const page = await store.streamPage({ category: 'order', limit, pageToken: token });
    all.push([...page.streams]);
    token = page.nextPageToken;
  } while (token !== undefined);
  return all;
}

describe('streams', () => {
  it('returns each stream of a category once, and none of other categories', async () => {
    const found = await collect(store.streams({ category: 'order' }));
    expect(idsOf(found).toSorted()).toEqual(IDS.toSorted());
    expect(await collect(store.streams({ category: 'payment' }))).toEqual([streamName('payment', 'p')]);
    expect(await collect(store.streams({ category: 'nothing' }))).toEqual([]);
  });

  it('returns names that can be read, for any id', async () => {
    const odd = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
    const ids = ['a.b', 'ü/ß', '100%', '%41', '*', '>', ' ', '$', '~', '日本', "'(!)'", '__proto__', '1'];
    await fill(odd, ids);
    const found = await collect(odd.streams({ category: 'order' }));
    expect(idsOf(found).toSorted()).toEqual(ids.toSorted());
    for (const name of found) expect(await collect(odd.read(name))).toHaveLength(1);
  });

  it.each([1, 7, 499, 500, 501, 10_000])(
    'in pages of %i skips none and repeats none',
    async (limit) => {
      const all = await pages(limit);
      expect(all).toHaveLength(Math.ceil(IDS.length / limit));
      expect(all.slice(0, -1).every((page) => page.length === limit)).toBe(true);
      expect(idsOf(all.flat()).toSorted()).toEqual(IDS.toSorted());
    },
    30_000,
  );

  it('returns the same order every time', async () => {
    expect((await pages(11)).flat()).toEqual((await pages(100)).flat());
  });

  it('continues with the limit of the token, unless another one is given', async () => {
    const first = await store.streamPage({ category: 'order', limit: 10 });
    const pageToken = first.nextPageToken;
    expect(first.streams).toHaveLength(10);
    expect((await store.streamPage({ category: 'order', pageToken })).streams).toHaveLength(10);
    const other = await store.streamPage({ category: 'order', pageToken, limit: 25 });
    expect(other.streams).toHaveLength(25);
    const third = await store.streamPage({ category: 'order', pageToken: other.nextPageToken });
    expect(third.streams).toHaveLength(25);
  });

  it('keeps its place while streams are added and removed', async () => {
    const before = (await pages(1_000)).flat();
    const limit = 123;
    const first = await store.streamPage({ category: 'order', limit });
    const added = Array.from({ length: 300 }, (_, index) => `added-${index}`);
    await fill(store, added);
    // before the place, in the same slot, so that all later entries move up
    for (const gone of before.slice(limit - 3, limit))
      await raw.api(`STREAM.PURGE.${store.name}`, { filter: subjectOf(store.name, gone) });
    const rest = (await pages(50, first.nextPageToken)).flat();
    const old = idsOf([...first.streams, ...rest]).filter((id) => id.startsWith('id-'));
    expect(old).toEqual(idsOf(before));
    for (const id of added) await raw.api(`STREAM.PURGE.${store.name}`, { filter: subject(id) });
    await fill(store, idsOf(before.slice(limit - 3, limit)));
  });

  it('sends at most one request per slot, and few if the first slots fill the page', async () => {
    let questions = 0;
    const listener = raw.nc.subscribe(`$JS.API.STREAM.INFO.${store.name}`, {
      callback: () => void (questions += 1),
    });
    await raw.nc.flush();
    await store.streamPage({ category: 'order', limit: 1 });
    await raw.nc.flush();
    expect(questions).toBeLessThanOrEqual(7);
    questions = 0;
    await collect(store.streams({ category: 'order' }));
    await raw.nc.flush();
    expect(questions).toBe(64);
    listener.unsubscribe();
  });

  it('does not list streams of system categories', async () => {
    const own = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
    await raw.store(`${own.name}.5.$bus.OrderPlaced`, '{}');
    expect(await collect(own.streams({ category: 'order' }))).toEqual([]);
    expect(await rejection(collect(own.streams({ category: '$bus' })))).toMatchObject({
      name: 'InvalidOptionError',
      option: 'category',
    });
  });

  it('fails with the name of a subject that belongs to no stream', async () => {
    for (const token of ['%zz', '%61', 'other-slot']) {
      const foreign = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
      await foreign.append(streamName('order', '1'), counted(1));
      const slot = (slotOf(streamName('order', 'other-slot')) + 1) % 64;
      await raw.store(`${foreign.name}.${slot}.order.${token}`, '{}');
      expect(await rejection(collect(foreign.streams({ category: 'order' })))).toMatchObject({
        name: 'CorruptStreamError',
        stream: `${foreign.name}.${slot}.order.${token}`,
        position: '2.0',
      });
    }
  });

  it.each<[string, object]>([
    ['no category', {}],
    ['a wildcard as category', { category: '*' }],
    ['a category of two tokens', { category: 'a.b' }],
    ['a limit of 0', { category: 'order', limit: 0 }],
    ['a limit above 10,000', { category: 'order', limit: 10_001 }],
    ['a made-up token', { category: 'order', pageToken: 'abc' }],
    ['an empty token', { category: 'order', pageToken: '' }],
    ['a token with another shape', { category: 'order', pageToken: btoa('["order",1,64,"",0]') }],
    ['a misspelt option', { category: 'order', page: 1 }],
  ])('rejects %s', async (_, options) => {
    expect(await rejection(store.streamPage(options as never))).toMatchObject({ name: 'InvalidOptionError' });
  });

  it('rejects the token of another category', async () => {
    const { nextPageToken: pageToken } = await store.streamPage({ category: 'order', limit: 1 });
    expect(await rejection(store.streamPage({ category: 'payment', pageToken }))).toMatchObject({
      name: 'InvalidOptionError',
      option: 'pageToken',
    });
  });

  it('rejects with the reason of its signal', async () => {
    const reason = new RangeError('enough');
    const signal = AbortSignal.abort(reason);
    expect(await rejection(collect(store.streams({ category: 'order', signal })))).toBe(reason);
    expect(await rejection(store.streamPage({ category: 'order', signal }))).toBe(reason);
  });
});

function subject(id: string): string {
  return subjectOf(store.name, streamName('order', id));
}
