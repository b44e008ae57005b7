import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { sleep } from '../../src/kernel/sleep.js';
import { rejection, until } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { appended, recorded, startReactors, stopReactors } from './reactor-service.js';

const PATIENCE_MS = 30_000;

afterEach(stopReactors);

async function open(name = uniqueStoreName()): Promise<JetStreamEventStore> {
  return openStore({ name, events: ORDER_EVENTS });
}

/** What `nats consumer rm` does, to all consumers of a store. */
async function removeConsumers({ name }: JetStreamEventStore): Promise<void> {
  await using raw = await RawNats.open();
  for (const consumer of await raw.consumers(name)) await raw.api(`CONSUMER.DELETE.${name}.${consumer}`);
}

/** The events of each stream are in order, apart from those that come again. */
function expectOrder(handled: readonly string[]): void {
  const last = new Map<string, number>();
  for (const key of handled) {
    const [id = '', version] = key.split(':');
    expect(Number(version)).toBeLessThanOrEqual((last.get(id) ?? 0) + 1);
    last.set(id, Number(version));
  }
}

describe('a durable that is deleted while no instance runs', () => {
  it('begins where it was, and says so', async () => {
    const store = await open();
    const former = recorded();
    const reactors = await startReactors(store, [former.definition]);
    for (let n = 1; n <= 3; n += 1) await store.append('count/a', counted(n));
    await until('all is handled', () => former.handled.length === 3);
    await reactors.stop();
    await removeConsumers(store);
    await store.append('count/a', counted(4));
    const warnings: string[] = [];
    const logger = { warn: (text: string) => void warnings.push(text), error: () => undefined };
    const next = recorded();
    await startReactors(store, [next.definition], { logger });
    await store.append('count/a', counted(5));
    await until('the rest is handled', () => next.handled.length >= 2, PATIENCE_MS);
    expect(next.handled).toEqual(['a:4', 'a:5']);
    expect(warnings.filter((text) => text.includes('was deleted'))).toHaveLength(1);
  });

  it('begins where it was with another number of lanes', async () => {
    const store = await open();
    const former = recorded();
    const reactors = await startReactors(store, [former.definition]);
    await store.append('count/a', counted(1));
    await until('it is handled', () => former.handled.length === 1);
    await reactors.stop();
    await removeConsumers(store);
    for (const id of ['a', 'b', 'c', 'd']) await store.append(`count/${id}`, counted(2));
    const next = recorded({ lanes: 3 });
    await startReactors(store, [next.definition]);
    await until('the rest is handled', () => next.handled.length >= 4, PATIENCE_MS);
    expect(next.handled.toSorted()).toEqual(['a:2', 'b:1', 'c:1', 'd:1']);
  });

  it('begins as for a first start in a store that was deleted and created again', async () => {
    const name = uniqueStoreName();
    const former = recorded({ from: 'beginning' });
    const store = await open(name);
    const reactors = await startReactors(store, [former.definition]);
    for (let n = 1; n <= 3; n += 1) await store.append('count/a', counted(n));
    await until('all is handled', () => former.handled.length === 3);
    await reactors.stop();
    await using raw = await RawNats.open();
    await raw.api(`STREAM.DELETE.${name}`);
    const again = await open(name);
    for (let n = 1; n <= 5; n += 1) await again.append('count/b', counted(n));
    const next = recorded({ from: 'beginning' });
    await startReactors(again, [next.definition]);
    await until('all is handled', () => next.handled.length >= 5, PATIENCE_MS);
    expect(next.handled).toEqual(['b:1', 'b:2', 'b:3', 'b:4', 'b:5']);
  });

  it('leaves nothing behind when its reactor was removed', async () => {
    const store = await open();
    const former = recorded({ name: 'old' });
    await (await startReactors(store, [former.definition])).stop();
    const reactors = await startReactors(store, [recorded().definition]);
    await reactors.removeOrphan('old');
    const records = await store.records.list({ prefix: 'reactor' });
    expect(records.map(({ value }) => value)).toMatchObject([{ reactor: 'recorder' }]);
  });
});

describe('a commit of several events', () => {
  it('is finished by the instance that has begun it when that is stopped', async () => {
    const store = await open();
    const former = recorded({}, async () => sleep(50));
    const reactors = await startReactors(store, [former.definition]);
    await store.append('count/a', counted(1, 3));
    await until('it is begun', () => former.calls.length === 1);
    await reactors.stop();
    expect(former.handled).toEqual(['a:1', 'a:2', 'a:3']);
    await store.append('count/a', counted(4));
    const next = recorded();
    await startReactors(store, [next.definition]);
    await until('the next goes on', () => next.handled.length >= 1, PATIENCE_MS);
    expect(next.handled).toEqual(['a:4']);
  });

  it('goes on at the event that failed in an instance that was stopped', async () => {
    const store = await open();
    const former = recorded({ backoffMs: [60_000] }, ({ version }) => {
      if (version === 2) throw new TypeError('not yet');
    });
    const reactors = await startReactors(store, [former.definition]);
    await store.append('count/a', counted(1, 3));
    const problem = async (): Promise<string | undefined> => (await reactors.status())[0]?.lanes[0]?.problem;
    await until('it has failed', async () => (await problem()) !== undefined);
    await reactors.stop();
    const next = recorded();
    await startReactors(store, [next.definition]);
    await until('the next goes on', () => next.handled.length >= 2, PATIENCE_MS);
    expect(next.handled).toEqual(['a:2', 'a:3']);
    expect(next.calls[0]?.context.attempt).toBe(2);
  });
});

describe('services and instances that differ', () => {
  it('have reactors of one name on one store, each with all events', async () => {
    const store = await open();
    const one = recorded();
    const other = recorded({ lanes: 2 });
    const shop = await startReactors(store, [one.definition], { service: 'shop' });
    const mail = await startReactors(store, [other.definition], { service: 'mail' });
    for (const id of ['a', 'b', 'c']) await store.append(`count/${id}`, counted(1));
    await until('both handle all', () => one.handled.length + other.handled.length === 6, PATIENCE_MS);
    expect([one.handled.toSorted(), other.handled.toSorted()]).toEqual([
      ['a:1', 'b:1', 'c:1'],
      ['a:1', 'b:1', 'c:1'],
    ]);
    expect([await shop.orphans(), await mail.orphans()]).toEqual([[], []]);
  });

  it('keep a reactor that only one instance has, also while that is away', async () => {
    const name = uniqueStoreName();
    const store = await open(name);
    const own = recorded({ name: 'own' });
    const [shared, sharedToo] = [recorded({ name: 'shared' }), recorded({ name: 'shared' })];
    const other = await startReactors(store, [sharedToo.definition]);
    const first = await startReactors(await open(name), [own.definition, shared.definition], {
      service: name,
    });
    await store.append('count/a', counted(1));
    const handled = (): number => shared.handled.length + sharedToo.handled.length;
    await until('both are handled', () => handled() === 1 && own.handled.length === 1, PATIENCE_MS);
    expect(await other.orphans()).toMatchObject([{ reactor: 'own' }]);
    expect(await rejection(other.removeOrphan('own'))).toMatchObject({ code: 'invalid-option' });
    await first.stop();
    const position = await appended(store, 'count/a', counted(2));
    await other.waitUntilHandled(position, { timeoutMs: PATIENCE_MS });
    const back = recorded({ name: 'own' });
    await startReactors(await open(name), [back.definition], { service: name });
    await until('it is handled', () => back.handled.length >= 1, PATIENCE_MS);
    expect([own.handled, back.handled, handled()]).toEqual([['a:1'], ['a:2'], 2]);
  }, 60_000);

  it('go from one lane to four to two while events come in and the version before still runs', async () => {
    const name = uniqueStoreName();
    const store = await open(name);
    const handled: string[] = [];
    const version = (lanes: number): ReturnType<typeof recorded> =>
      recorded({ lanes }, ({ stream: { id }, version: n }) => void handled.push(`${id}:${n}`));
    let n = 0;
    const fill = async (): Promise<void> => {
      for (const end = n + 10; n < end;) {
        n += 1;
        for (const id of ['a', 'b', 'c', 'd', 'e']) await store.append(`count/${id}`, counted(n));
      }
    };
    let before = await startReactors(store, [version(1).definition]);
    await fill();
    for (const lanes of [4, 2]) {
      const begun = handled.length;
      const next = await startReactors(await open(name), [version(lanes).definition], { service: name });
      await fill();
      await until('the former goes on', () => handled.length > begun, PATIENCE_MS);
      await before.stop();
      const left = handled.length;
      await fill();
      // two new numbers at once would wait for each other
      await until('the next one goes on', () => handled.length > left, PATIENCE_MS);
      before = next;
    }
    await fill();
    await until('all is handled', () => new Set(handled).size === 5 * n, PATIENCE_MS);
    expectOrder(handled);
    await using raw = await RawNats.open();
    expect(await raw.consumers(name)).toHaveLength(2);
  }, 90_000);
});
