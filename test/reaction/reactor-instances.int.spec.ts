import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { Counted, counted } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { NotedCalls } from './noted-calls.js';
import { recorded, startReactors, stopReactors } from './reactor-service.js';

const STREAMS = 20;
/** Within this time the lanes of an instance that was killed are run by another one. */
const TAKEN_OVER_MS = 5_000;
const PATIENCE_MS = 60_000;

let noted: NotedCalls;

beforeEach(() => {
  noted = new NotedCalls();
});

afterEach(async () => {
  noted.killAll();
  await stopReactors();
});

async function open(name: string): Promise<JetStreamEventStore> {
  return openStore({ name, events: [Counted] });
}

/** Appends `each` events to every stream, one commit for each. */
async function fill(store: JetStreamEventStore, from: number, to: number): Promise<void> {
  for (let version = from; version <= to; version += 1)
    await Promise.all(
      Array.from({ length: STREAMS }, async (_, id) => store.append(`count/${id}`, counted(version))),
    );
}

async function pendingOf(raw: RawNats, name: string): Promise<number> {
  interface Page {
    readonly consumers: readonly { readonly num_pending: number; readonly num_ack_pending: number }[];
  }
  const { consumers } = await raw.api<Page>(`CONSUMER.LIST.${name}`);
  return consumers.reduce((sum, { num_pending: pending, num_ack_pending: open }) => sum + pending + open, 0);
}

describe('instances of a service', () => {
  it('hand over in order, with no event of a stream beside or before another, when one is killed', async () => {
    const name = uniqueStoreName();
    const store = await open(name);
    const one = await noted.start(sharedServerUrl(), name, 2);
    const other = await noted.start(sharedServerUrl(), name, 2);
    const filling = fill(store, 1, 100);
    await until('both work', () => noted.begunBy(one) > 50 && noted.begunBy(other) > 50, PATIENCE_MS);
    await noted.kill(one);
    await filling;
    await fill(store, 101, 120);
    await using raw = await RawNats.open();
    await until('all is handled', async () => (await pendingOf(raw, name)) === 0, PATIENCE_MS);
    const { faults, handled, repeated } = noted.calls;
    expect(faults).toEqual([]);
    expect(handled.size).toBe(STREAMS * 120);
    // acknowledgements that were not sent yet
    expect(repeated).toBeLessThan(100);
  }, 120_000);

  it('take over what a killed one had not acknowledged within five seconds, before what is newer', async () => {
    const name = uniqueStoreName();
    const store = await open(name);
    await fill(store, 1, 100);
    const child = await noted.start(sharedServerUrl(), name, 1);
    const { definition, handled } = recorded({ name: 'noter', from: 'beginning' });
    await startReactors(store, [definition], { service: 'child' });
    await until('it works', () => noted.begunBy(child) > 100, PATIENCE_MS);
    await noted.kill(child);
    const killedAt = performance.now();
    await until('the other begins', () => handled.length > 0, PATIENCE_MS);
    expect(performance.now() - killedAt).toBeLessThan(TAKEN_OVER_MS);
    const { handled: before } = noted.calls;
    // some of what was handled comes again
    const distinct = (): number =>
      new Set([...handled, ...[...before].map((key) => key.replace(' ', ':'))]).size;
    await until('all is handled', () => distinct() === STREAMS * 100, PATIENCE_MS);
    for (let id = 0; id < STREAMS; id += 1) {
      const versions = handled
        .filter((key) => key.startsWith(`${id}:`))
        .map((key) => Number(key.split(':')[1]));
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
      const done = [...before].filter((key) => key.startsWith(`${id} `)).length;
      expect(versions[0] ?? 101).toBeLessThanOrEqual(done + 1);
      expect(versions.at(-1) ?? done).toBe(100);
    }
  }, 120_000);

  it('begin nothing after they were suspended and lost their lanes', async () => {
    const name = uniqueStoreName();
    const store = await open(name);
    await fill(store, 1, 100);
    const suspended = await noted.start(sharedServerUrl(), name, 1);
    const other = await noted.start(sharedServerUrl(), name, 1);
    const [owner, heir] = [suspended, other];
    await until('it works', () => noted.begunBy(owner) > 100, PATIENCE_MS);
    noted.suspend(owner);
    const begun = noted.begunBy(owner);
    // its pulls are still there, and its messages are claimed
    await fill(store, 101, 110);
    await until('the other has taken over', () => noted.begunBy(heir) > 0, PATIENCE_MS);
    owner.kill('SIGCONT');
    await fill(store, 111, 120);
    await using raw = await RawNats.open();
    await until('all is handled', async () => (await pendingOf(raw, name)) === 0, PATIENCE_MS);
    expect(noted.begunBy(owner)).toBe(begun);
    const { faults, handled } = noted.calls;
    expect(faults).toEqual([]);
    expect(handled.size).toBe(STREAMS * 120);
  }, 120_000);

  it('finish what is in flight and hand over at once at a signal to end', async () => {
    const name = uniqueStoreName();
    const store = await open(name);
    await fill(store, 1, 60);
    const one = await noted.start(sharedServerUrl(), name, 1);
    const other = await noted.start(sharedServerUrl(), name, 1);
    await until('it works', () => noted.begunBy(one) > 100, PATIENCE_MS);
    one.kill('SIGTERM');
    await noted.stopped(one);
    await fill(store, 61, 120);
    await until('the other works', () => noted.begunBy(other) > 100, PATIENCE_MS);
    other.kill('SIGINT');
    await noted.stopped(other);
    const last = await noted.start(sharedServerUrl(), name, 1);
    await fill(store, 121, 130);
    await using raw = await RawNats.open();
    await until('all is handled', async () => (await pendingOf(raw, name)) === 0, PATIENCE_MS);
    const { faults, handled, repeated } = noted.calls;
    expect([faults, handled.size, repeated]).toEqual([[], STREAMS * 130, 0]);
    expect(noted.begunBy(last)).toBeGreaterThan(0);
  }, 120_000);
});
