import { streamName } from '../../src/event/stream-name.js';
import { subjectOf } from '../../src/event/subject.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const READS = 60;
const STREAMS = 10;
const COMMITS = 20;
const DELETED = 5;

let raw: RawNats;
let store: JetStreamEventStore;

beforeAll(async () => {
  raw = await RawNats.open();
});

beforeEach(async () => {
  store = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
});

afterAll(async () => {
  await raw.nc.close();
});

interface Info {
  readonly config: Record<string, unknown>;
  readonly state: { readonly last_seq: number };
}

const order = (n: number): ReturnType<typeof streamName> => streamName('order', String(n));

/** Streams of 20 commits each. */
async function fill(): Promise<void> {
  for (let n = 1; n <= STREAMS; n += 1)
    for (let commit = 1; commit <= COMMITS; commit += 1) await store.append(order(n), counted(commit));
}

async function create(config: Record<string, unknown> & { name: string }): Promise<void> {
  expect((await raw.api(`STREAM.CREATE.${config.name}`, config))['error']).toBeUndefined();
}

/** Resolves when the mirror has answered a direct get of the store. */
async function untilItAnswers(mirror: string, request: object): Promise<void> {
  for (let tries = 0; tries < 5_000; tries += 1) {
    const reply = await raw.nc.request(`$JS.API.DIRECT.GET.${store.name}`, JSON.stringify(request));
    const answeredBy = reply.headers?.get('Nats-Stream');
    // a mirror that holds nothing of the kind names nobody
    if (answeredBy === mirror || reply.headers?.code === 404) return;
  }
  throw new TypeError(`${mirror} never answered`);
}

/** What was wrong with many reads. The last stream lacks a commit where one was deleted. */
async function faultsOfReads(deleted?: number): Promise<unknown[]> {
  const faults: unknown[] = [];
  for (let read = 0; read < READS; read += 1) {
    const stream = order((read % (STREAMS - 1)) + 1);
    const events = await collect(store.read(stream));
    const { commits } = await store.readCommits(stream);
    const { state } = await store.status(stream);
    const isWhole = events.length === COMMITS && commits.length === COMMITS && state === 'active';
    if (!isWhole) faults.push([events.length, commits.length, state]);
    if (deleted === undefined) continue;
    const torn = order(STREAMS);
    for (const call of [async () => collect(store.read(torn)), async () => store.readCommits(torn)]) {
      const { position } = (await rejection(call())) as { position?: string };
      if (position !== `${deleted}.0`) faults.push(position);
    }
  }
  return faults;
}

describe('a mirror in the same account', () => {
  it('that is whole brings nothing back that was deleted', async () => {
    await fill();
    const name = `${store.name}-mirror`;
    await create({ name, mirror: { name: store.name }, storage: 'file' });
    await untilItAnswers(name, { seq: 1 });
    const deleted = (STREAMS - 1) * COMMITS + DELETED;
    await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq: deleted });
    expect(await faultsOfReads(deleted)).toEqual([]);
  }, 60_000);

  it('that is filtered makes no stream look short, though the store was read before it came', async () => {
    await fill();
    for (let n = 1; n <= STREAMS; n += 1) await store.readCommits(order(n));
    const name = `${store.name}-mirror`;
    await create({ name, mirror: { name: store.name, filter_subject: `${store.name}.*.payment.*` } });
    await store.append(streamName('payment', '1'), counted(1));
    await untilItAnswers(name, { last_by_subj: subjectOf(store.name, order(1)) });
    expect(await faultsOfReads()).toEqual([]);
  }, 60_000);

  it('that begins late, or lags, makes no stream look short', async () => {
    await fill();
    const name = `${store.name}-mirror`;
    await create({ name, mirror: { name: store.name, opt_start_seq: (STREAMS * COMMITS) / 2 } });
    await untilItAnswers(name, { seq: STREAMS * COMMITS });
    expect(await faultsOfReads()).toEqual([]);
  }, 60_000);

  it('is right in a scan of a stream whose sequences lead nowhere', async () => {
    await fill();
    await raw.api(`STREAM.MSG.DELETE.${store.name}`, { seq: 1 });
    const name = `${store.name}-mirror`;
    await create({ name, mirror: { name: store.name, filter_subject: `${store.name}.*.payment.*` } });
    await store.append(streamName('payment', '1'), counted(1));
    await untilItAnswers(name, { seq: 2 });
    for (let read = 0; read < 20; read += 1)
      expect(await rejection(collect(store.read(order(1))))).toMatchObject({ position: '1.0' });
  });

  it('is named at connect and by copies(), as a source is', async () => {
    await create({ name: `${store.name}-mirror`, mirror: { name: store.name } });
    await create({ name: `${store.name}-source`, sources: [{ name: store.name }] });
    const warnings: string[] = [];
    const again = await openStore({ name: store.name, onWarning: (warning) => warnings.push(warning) });
    expect(warnings.toSorted()).toEqual([
      expect.stringContaining(`${store.name}-mirror mirrors it`),
      expect.stringContaining(`${store.name}-source sources it`),
    ]);
    expect(await again.copies()).toEqual(
      expect.arrayContaining([
        { name: `${store.name}-mirror`, kind: 'mirror' },
        { name: `${store.name}-source`, kind: 'source' },
      ]),
    );
  });
});

describe('a JetStream stream', () => {
  const calls: [string, () => Promise<unknown>][] = [
    ['append', async () => store.append(order(1), counted(9))],
    ['append with an expectation', async () => store.append(order(1), counted(9), { expect: 1 })],
    ['append to a new stream', async () => store.append(order(2), counted(9), { expect: 'none' })],
    ['transact', async () => store.transact([1, 2].map((n) => ({ stream: order(n), events: counted(9) })))],
    ['read', async () => collect(store.read(order(1)))],
    ['readCommits', async () => store.readCommits(order(1))],
    ['readAll', async () => collect(store.readAll())],
    ['status', async () => store.status(order(1))],
    ['status at the leader', async () => store.status(order(1), { consistency: 'leader' })],
    ['streamPage', async () => store.streamPage({ category: 'order' })],
    ['subscribe', async () => store.subscribe({ onEvent: () => undefined }).closed],
  ];

  it('that was deleted is store-not-found in every call, within seconds', async () => {
    await store.append(order(1), counted(1));
    await raw.api(`STREAM.DELETE.${store.name}`);
    const begun = performance.now();
    const errors = await Promise.all(calls.map(async ([, call]) => rejection(call())));
    expect(errors.map((error) => (error as { code: string }).code)).toEqual(
      calls.map(() => 'store-not-found'),
    );
    expect(performance.now() - begun).toBeLessThan(8_000);
  });

  it('that was created again is store-not-found with the reason, to those who knew it before', async () => {
    await store.append(order(1), counted(1));
    const { config } = await raw.api<Info>(`STREAM.INFO.${store.name}`);
    await raw.api(`STREAM.DELETE.${store.name}`);
    await create({ ...config, name: store.name, metadata: { 'jetsource.store': 'another' } });
    const error = await rejection(store.append(order(1), counted(2), { expect: 1 }));
    expect(error).toMatchObject({
      code: 'store-not-found',
      outcome: 'not-applied',
      message: expect.stringContaining('another JetStream stream was created under its name') as string,
    });
    const later = await Promise.all(calls.map(async ([, call]) => rejection(call())));
    expect(later.map((each) => (each as { code: string }).code)).toEqual(calls.map(() => 'store-not-found'));
    // a process that connects now uses the store as it is
    const again = await openStore({ name: store.name, events: ORDER_EVENTS });
    expect(await again.append(order(1), counted(1))).toMatchObject({ version: 1 });
  });

  it('that was created again before an append to a new stream says where it went', async () => {
    await store.append(order(1), counted(1));
    const { config } = await raw.api<Info>(`STREAM.INFO.${store.name}`);
    await raw.api(`STREAM.DELETE.${store.name}`);
    await create({ ...config, name: store.name, metadata: { 'jetsource.store': 'another' } });
    expect(await rejection(store.append(order(2), counted(1), { expect: 'none' }))).toMatchObject({
      code: 'store-not-found',
      outcome: 'unknown',
    });
  });
});
