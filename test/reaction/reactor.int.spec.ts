import { sleep } from '../../src/kernel/sleep.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { currentMetadata } from '../../src/event/metadata-context.js';
import { asPosition, comparePositions } from '../../src/event/position.js';
import { UnrecoverableError } from '../../src/reaction/unrecoverable-error.js';
import { Reactors } from '../../src/reaction/reactor/reactors.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { rejection, until } from '../support/collect.js';
import { Counted, counted, ORDER_EVENTS, OrderPlaced, OrderShipped } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { appended, QUIET, recorded, startReactors, stopReactors } from './reactor-service.js';

afterEach(stopReactors);

async function open(name = uniqueStoreName()): Promise<JetStreamEventStore> {
  return openStore({ name, events: ORDER_EVENTS });
}

describe('a reactor', () => {
  it('handles each event once, in the order of each stream, and acknowledges it', async () => {
    const store = await open();
    const { definition, handled, calls } = recorded({ categories: ['count'] });
    const reactors = await startReactors(store, [definition]);
    for (let n = 0; n < 5; n += 1)
      for (const id of ['a', 'b', 'c']) await store.append(`count/${id}`, counted(2 * n, 2 * n + 1));
    const position = await appended(store, 'count/z', counted(1));
    await reactors.waitUntilHandled(position);
    expect(handled).toHaveLength(31);
    for (const id of ['a', 'b', 'c'])
      expect(handled.filter((key) => key.startsWith(id))).toEqual(
        Array.from({ length: 10 }, (_, index) => `${id}:${index + 1}`),
      );
    expect(calls[0]?.event.data).toBeInstanceOf(Counted);
    expect(calls[0]?.context).toEqual({ reactor: 'recorder', attempt: 1, isRedriven: false });
    const [status] = await reactors.status();
    expect(status).toMatchObject({ reactor: 'recorder', state: 'idle', lanes: [{ lane: 0, pending: 0 }] });
  });

  it('gets the event types of its list only, from the categories of its list', async () => {
    const store = await open();
    const { definition, calls } = recorded({ categories: ['order'], events: [OrderShipped] });
    const reactors = await startReactors(store, [definition]);
    await store.append('order/1', [new OrderPlaced('ada'), new OrderShipped('ups')]);
    await store.append('other/1', [new OrderShipped('fedex')]);
    const position = await appended(store, 'order/2', [new OrderPlaced('bob')]);
    await reactors.waitUntilHandled(position);
    expect(calls.map(({ event }) => event.data)).toEqual([new OrderShipped('ups')]);
  });

  it('is called inside the metadata of what its event causes', async () => {
    const store = await open();
    const seen: object[] = [];
    const { definition, calls } = recorded({}, () => void seen.push(currentMetadata()));
    const reactors = await startReactors(store, [definition]);
    const position = await appended(store, 'order/1', [new OrderPlaced('ada')], {
      metadata: { correlationId: 'c-1' },
    });
    await reactors.waitUntilHandled(position);
    expect(seen).toEqual([{ correlationId: 'c-1', causationId: calls[0]?.event.id }]);
  });

  it('tries an event again in its place while other streams go on, and tells the attempt', async () => {
    const store = await open();
    const { definition, calls, handled } = recorded({ backoffMs: [150] }, (event, { attempt }) => {
      if (event.stream.id === 'bad' && event.version === 1 && attempt < 3) throw new TypeError('not yet');
    });
    const reactors = await startReactors(store, [definition]);
    await store.append('count/bad', counted(1));
    const position = await appended(store, 'count/bad', counted(2));
    await store.append('count/good', counted(1));
    await reactors.waitUntilHandled(position);
    expect(handled).toEqual(['good:1', 'bad:1', 'bad:2']);
    const attempts = calls
      .filter(({ event }) => event.stream.id === 'bad')
      .map(({ context }) => context.attempt);
    expect(attempts).toEqual([1, 2, 3, 1]);
  });

  it('parks an event after its last attempt with error and position, and redrives it', async () => {
    const store = await open();
    let isBroken = true;
    const { definition, calls, handled } = recorded({ maxAttempts: 2 }, () => {
      if (isBroken) throw new RangeError('no such carrier');
    });
    const reactors = await startReactors(store, [definition]);
    const position = await appended(store, 'order/1', [new OrderShipped('xyz')]);
    await reactors.waitUntilHandled(position);
    const [parked, ...others] = await reactors.parked();
    expect(others).toEqual([]);
    expect(parked).toMatchObject({
      reactor: 'recorder',
      position,
      attempts: 2,
      eventId: calls[0]?.event.id,
      error: {
        name: 'RangeError',
        message: 'no such carrier',
        stack: expect.stringContaining('spec') as string,
      },
    });
    expect(String(parked?.stream)).toBe('order/1');
    const shown = await reactors.parkedEvent(parked?.id as number);
    expect(shown.event?.data).toEqual(new OrderShipped('xyz'));
    isBroken = false;
    expect(await reactors.redrive([parked?.id as number])).toBe(1);
    await until('it is handled', () => handled.length === 1);
    expect(calls.at(-1)?.context).toEqual({ reactor: 'recorder', attempt: 1, isRedriven: true });
    expect(await reactors.parked()).toEqual([]);
  }, 30_000);

  it('redrives up to a number of parked events, and discards others', async () => {
    const store = await open();
    let isBroken = true;
    const { definition, handled } = recorded({ maxAttempts: 1 }, () => {
      if (isBroken) throw new UnrecoverableError('broken');
    });
    const other = recorded({ name: 'other', maxAttempts: 1 }, () => {
      throw new UnrecoverableError('always');
    });
    const reactors = await startReactors(store, [definition, other.definition]);
    for (let n = 1; n <= 4; n += 1) await store.append(`count/${n}`, counted(n));
    await until('all are parked', async () => (await reactors.parked()).length === 8);
    expect(await reactors.parked({ reactor: 'other', limit: 3 })).toHaveLength(3);
    expect(await reactors.countParked()).toBe(8);
    isBroken = false;
    expect(await reactors.redrive({ reactor: 'recorder', limit: 2 })).toBe(2);
    await until('two are handled', () => handled.length === 2);
    expect(await reactors.parked({ reactor: 'recorder' })).toHaveLength(2);
    expect(await reactors.redrive({ reactor: 'recorder' })).toBe(2);
    await until('all are handled', () => handled.length === 4);
    expect(await reactors.discard('all')).toBe(4);
    expect(await reactors.parked()).toEqual([]);
    expect(await rejection(reactors.parkedEvent(9_999))).toMatchObject({ code: 'dead-letter-not-found' });
  }, 30_000);

  it('survives handlers that throw, reject with nothing, or never resolve', async () => {
    const store = await open();
    const aborted: unknown[] = [];
    const { definition } = recorded({ maxAttempts: 1, timeoutMs: 200 }, ({ stream: { id } }, { signal }) => {
      if (id === 'throws') throw new TypeError('thrown');
      if (id === 'text') throw 'a text';
      if (id === 'nothing') return Promise.reject(undefined as unknown as Error);
      signal.addEventListener('abort', () => aborted.push(signal.reason));
      return new Promise(() => undefined);
    });
    const sound = recorded({ name: 'sound' });
    const reactors = await startReactors(store, [definition, sound.definition]);
    for (const id of ['throws', 'text', 'nothing', 'hangs']) await store.append(`count/${id}`, counted(1));
    await until('all are parked', async () => (await reactors.parked()).length === 4);
    expect(sound.handled).toHaveLength(4);
    expect(aborted).toMatchObject([{ code: 'handler-timeout' }]);
    const errors = (await reactors.parked()).map(({ error }) => error.name);
    expect(errors).toContain('HandlerTimeoutError');
  });

  it('parks nonsense, and goes on', async () => {
    const store = await open();
    const { definition, handled } = recorded();
    const reactors = await startReactors(store, [definition]);
    await using raw = await RawNats.open();
    await raw.store(`${store.name}.3.order.42`, 'nonsense');
    const position = await appended(store, 'order/1', [new OrderPlaced('ada')]);
    await reactors.waitUntilHandled(position);
    expect(handled).toEqual(['1:1']);
    const [parked] = await reactors.parked();
    expect(parked).toMatchObject({ reactor: 'recorder', eventId: undefined });
    expect((await reactors.parkedEvent(parked?.id as number)).event).toBeUndefined();
  });

  it('begins with what is stored after the first start, at the beginning, at a sequence, or at a time', async () => {
    const store = await open();
    await store.append('count/a', counted(1));
    await sleep(50);
    const time = new Date();
    await store.append('count/b', counted(1));
    const all = recorded({ name: 'all', from: 'beginning' });
    const second = recorded({ name: 'second', from: { sequence: 2 } });
    const timed = recorded({ name: 'timed', from: { time } });
    const now = recorded({ name: 'now', lanes: 4 });
    const each = [all, second, timed, now];
    const reactors = await startReactors(
      store,
      each.map(({ definition }) => definition),
    );
    const position = await appended(store, 'count/c', counted(1));
    await reactors.waitUntilHandled(position);
    expect(each.map(({ handled }) => handled.toSorted().join())).toEqual([
      'a:1,b:1,c:1',
      'b:1,c:1',
      'b:1,c:1',
      'c:1',
    ]);
  });

  it('misses nothing that is stored while no instance runs', async () => {
    const store = await open();
    const first = recorded({ lanes: 2 });
    await (await startReactors(store, [first.definition])).stop();
    await store.append('count/a', counted(1));
    const position = await appended(store, 'count/b', counted(1));
    const second = recorded({ lanes: 2 });
    const reactors = await startReactors(store, [second.definition]);
    await reactors.waitUntilHandled(position);
    await until('both', () => second.handled.length === 2);
    expect(second.handled.toSorted()).toEqual(['a:1', 'b:1']);
  });

  it('finishes what is in flight when it is stopped, hands back what is not, and starts once', async () => {
    const store = await open();
    const aborted: string[] = [];
    const { definition, handled, calls } = recorded({}, async ({ stream: { id } }, { signal }) => {
      if (id === 'quick') await sleep(150);
      else await sleep(60_000, signal).catch(() => aborted.push(id));
      signal.throwIfAborted();
    });
    const reactors = await startReactors(store, [definition]);
    expect(await rejection(reactors.start())).toMatchObject({ code: 'reactors-started' });
    await store.append('count/slow', counted(1));
    await store.append('count/slow', counted(2));
    await until('it is called', () => calls.length === 1);
    await Promise.all([reactors.stop(), reactors.stop()]);
    expect([aborted, handled]).toEqual([['slow'], []]);
    expect(await rejection(reactors.start())).toMatchObject({ code: 'reactors-started' });
    const next = recorded();
    const restartedAt = performance.now();
    await startReactors(store, [next.definition]);
    await until('it is handled by the next', () => next.handled.length === 2);
    expect(performance.now() - restartedAt).toBeLessThan(5_000);
    expect(next.handled).toEqual(['slow:1', 'slow:2']);
    // an attempt that a stop has ended does not count
    expect(next.calls[0]?.context.attempt).toBe(1);
  });

  it('heals a durable that was deleted, without a gap', async () => {
    const store = await open();
    const { definition, handled } = recorded();
    const reactors = await startReactors(store, [definition]);
    await reactors.waitUntilHandled(await appended(store, 'count/a', counted(1)));
    const [{ lanes } = { lanes: [] }] = await reactors.status();
    await using raw = await RawNats.open();
    await raw.api(`CONSUMER.DELETE.${store.name}.${lanes[0]?.consumer}`);
    await store.append('count/a', counted(2));
    await until('it goes on', () => handled.includes('a:2'));
    expect(handled).toEqual(['a:1', 'a:2']);
  });

  it('gets what went to another reader before it handles what is newer', async () => {
    const store = await open();
    const { definition, handled } = recorded();
    const reactors = await startReactors(store, [definition]);
    const [{ lanes } = { lanes: [] }] = await reactors.status();
    await using raw = await RawNats.open();
    let stolen = 0;
    raw.nc.subscribe('stolen', { callback: (_, msg) => void (stolen += msg.reply === undefined ? 0 : 1) });
    raw.nc.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${store.name}.${lanes[0]?.consumer}`,
      JSON.stringify({ batch: 1, expires: 20_000_000_000 }),
      { reply: 'stolen' },
    );
    await raw.nc.flush();
    const begunAt = performance.now();
    for (let n = 1; n <= 6; n += 1) await store.append('count/a', counted(n));
    await until('all is handled', () => handled.length === 6, 20_000);
    // a claim runs out after 30 s
    expect(performance.now() - begunAt).toBeLessThan(10_000);
    expect([stolen, handled]).toEqual([1, ['a:1', 'a:2', 'a:3', 'a:4', 'a:5', 'a:6']]);
  }, 30_000);

  it('says so when its stream was deleted', async () => {
    const store = await open();
    const { definition } = recorded();
    const reactors = await startReactors(store, [definition]);
    await using raw = await RawNats.open();
    await raw.api(`STREAM.DELETE.${store.name}`);
    await until('it says so', async () => (await reactors.status())[0]?.state === 'failed');
    expect((await reactors.status())[0]?.lanes[0]?.problem).toBeDefined();
  });

  it('is stalled when events are pending and nothing is handled', async () => {
    const store = await open();
    const gate = new AbortController();
    const { definition } = recorded({ lanes: 2 }, async () =>
      sleep(60_000, gate.signal).catch(() => undefined),
    );
    const idle = recorded({ name: 'idle', categories: ['nothing'] });
    const reactors = await startReactors(store, [definition, idle.definition], { stallMs: 400 });
    const position = await appended(store, 'count/a', counted(1));
    await until('it is stalled', async () => (await reactors.status())[0]?.state === 'stalled');
    const [status, other] = await reactors.status();
    const lane = status?.lanes.find(({ state }) => state === 'stalled');
    expect(lane).toMatchObject({ pending: 1, owner: { isSelf: true } });
    expect(comparePositions(lane?.longestCall?.position ?? asPosition('0.0'), position)).toBe(0);
    expect(other?.state).toBe('idle');
    gate.abort();
    await until('it is not any more', async () => (await reactors.status())[0]?.state === 'idle');
  });

  it('extends the claim on what it handles for long', async () => {
    const store = await open();
    const done = new AbortController();
    const { definition, calls, handled } = recorded({}, async () =>
      sleep(60_000, done.signal).catch(() => undefined),
    );
    await startReactors(store, [definition]);
    await using raw = await RawNats.open();
    const words: string[] = [];
    raw.nc.subscribe(`$JS.ACK.${store.name}.>`, { callback: (_, msg) => void words.push(msg.string()) });
    await raw.nc.flush();
    await store.append('count/a', counted(1));
    // a third of ack_wait
    await until('it is extended', () => words.includes('+WPI'), 15_000);
    done.abort();
    await until('it is acknowledged', () => words.includes('+ACK'));
    expect([calls.length, handled]).toEqual([1, ['a:1']]);
  }, 30_000);

  it('tells what reactors left behind that are gone, and removes it', async () => {
    const store = await open();
    const old = recorded({ name: 'old', lanes: 2 });
    await (await startReactors(store, [old.definition])).stop();
    await store.append('count/a', counted(1));
    const reactors = await startReactors(store, [recorded().definition]);
    const [orphan, ...others] = await reactors.orphans();
    expect([orphan, others]).toMatchObject([{ reactor: 'old', pending: 1 }, []]);
    expect(orphan?.consumers).toHaveLength(2);
    expect(await rejection(reactors.removeOrphan('recorder'))).toMatchObject({ code: 'unknown-reactor' });
    await reactors.removeOrphan('old');
    expect(await reactors.orphans()).toEqual([]);
  });

  it('says whom it waits for in vain', async () => {
    const store = await open();
    const { definition } = recorded({}, async (_, { signal }) => sleep(60_000, signal));
    const reactors = await startReactors(store, [definition], { graceMs: 100 });
    const position = await appended(store, 'count/a', counted(1));
    const error = await rejection(reactors.waitUntilHandled(position, { timeoutMs: 200 }));
    expect(error).toMatchObject({
      code: 'wait-timeout',
      message: expect.stringContaining('recorder') as string,
    });
    expect(await rejection(reactors.waitUntilHandled(position, { reactor: 'none' }))).toMatchObject({
      code: 'unknown-reactor',
    });
  });

  it('updates its filters', async () => {
    const store = await open();
    await (await startReactors(store, [recorded({ categories: ['order'] }).definition])).stop();
    const { definition, handled } = recorded({ categories: ['order', 'count'] });
    const reactors = await startReactors(store, [definition]);
    const position = await appended(store, 'count/a', counted(1));
    await reactors.waitUntilHandled(position);
    expect(handled).toEqual(['a:1']);
  });

  it('goes on with another number of lanes when no instance has the former one any more', async () => {
    const name = uniqueStoreName();
    const store = await open(name);
    const former = recorded({ lanes: 1 });
    const old = await startReactors(store, [former.definition]);
    for (let n = 1; n <= 8; n += 1) await store.append(`count/${n}`, counted(1));
    await until('the first are handled', () => former.handled.length === 8);
    const next = recorded({ lanes: 4 });
    const reactors = await startReactors(await open(name), [next.definition], { service: name });
    await store.append('count/1', counted(2));
    await until('the former goes on', () => former.handled.length === 9);
    const [waiting] = await reactors.status();
    expect(waiting).toMatchObject({
      state: 'unowned',
      lanes: [{ problem: expect.anything() as string }, {}, {}, {}],
    });
    await old.stop();
    for (let n = 1; n <= 8; n += 1) await store.append(`count/${n}`, counted(3));
    await until('the rest is handled', () => next.handled.length >= 8, 15_000);
    expect(next.handled.toSorted()).toEqual(['1:3', '2:2', '3:2', '4:2', '5:2', '6:2', '7:2', '8:2']);
    await using raw = await RawNats.open();
    expect(await raw.consumers(name)).toHaveLength(4);
    const [status] = await reactors.status();
    expect(status?.lanes.map(({ state }) => state)).toEqual(['idle', 'idle', 'idle', 'idle']);
  }, 40_000);

  it('keeps what cannot be parked, in order, and says so', async () => {
    const store = await open();
    let isBroken = true;
    const { definition, calls, handled } = recorded({ maxAttempts: 1 }, ({ version }) => {
      if (version === 1 && isBroken) throw new UnrecoverableError('broken');
    });
    const reactors = await startReactors(store, [definition]);
    await using raw = await RawNats.open();
    const park = `${store.name}-dead-letters`;
    const { config } = await raw.api<{ config: object }>(`STREAM.INFO.${park}`);
    await raw.api(`STREAM.UPDATE.${park}`, { ...config, max_msgs: 1, max_bytes: 1 });
    await store.append('count/a', counted(1));
    await store.append('count/a', counted(2));
    await until(
      'it says so',
      async () => {
        const [status] = await reactors.status();
        return status?.lanes[0]?.problem?.includes('cannot be parked') === true;
      },
      15_000,
    );
    expect([handled, calls.length]).toEqual([[], 1]);
    expect((await reactors.status())[0]?.lanes[0]?.pending).toBe(2);
    isBroken = false;
    await raw.api(`STREAM.UPDATE.${park}`, { ...config });
    await until('it is parked', async () => (await reactors.parked()).length === 1, 30_000);
    await until('the next is handled', () => handled.length === 1);
    expect(handled).toEqual(['a:2']);
  }, 60_000);

  it('refuses what cannot work', async () => {
    const store = await open();
    const { definition } = recorded();
    const make = (...args: unknown[]): unknown =>
      new Reactors(...(args as ConstructorParameters<typeof Reactors>));
    const options = { service: 'shop', logger: QUIET };
    expect(() => make(store, [definition, definition], options)).toThrow('reactor.name');
    expect(() => make(store, [definition], { ...options, lanes: { renew: 1 } })).toThrow('lanes.renew');
    expect(() => make(store, [definition], { ...options, grace: 1 })).toThrow('grace');
    expect(() => make(store, [definition], {})).toThrow('service');
    expect(() => make({}, [definition], options)).toThrow('store');
    for (const [wrong, option] of [
      [{ name: '' }, 'reactor.name'],
      [{ lanes: 0 }, 'reactor.lanes'],
      [{ lanes: 65 }, 'reactor.lanes'],
      [{ maxAttempts: 0 }, 'reactor.maxAttempts'],
      [{ backoffMs: [] }, 'reactor.backoffMs'],
      [{ concurrency: 0 }, 'reactor.concurrency'],
      [{ from: 'then' }, 'reactor.from'],
      [{ events: [] }, 'reactor.events'],
      [{ handle: undefined }, 'reactor.handle'],
      [{ lane: 1 }, 'reactor.lane'],
    ] as const)
      expect(() => make(store, [{ ...definition, ...wrong }], options)).toThrow(option);
  });
});
