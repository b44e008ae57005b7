import { setTimeout as pause } from 'node:timers/promises';
import { currentMetadata, runWithMetadata } from '../../src/event/metadata-context.js';
import { TIMER_CANCELLED, TIMER_SCHEDULED } from '../../src/event/own-event-types.js';
import { storedStream } from '../../src/event/stream-name.js';
import { encodeSubjectToken } from '../../src/event/subject-token.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { Wakeup } from '../../src/kernel/wakeup.js';
import { openTimers } from '../../src/reaction/timers/open-timers.js';
import type { DueTimer, Timers } from '../../src/reaction/timers/timers.js';
import type { TimersOptions } from '../../src/reaction/timers/timers-options.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';

const CANCEL_ORDER = { name: 'CancelOrder', data: { order: '42' } };
const quiet = { warn: () => undefined, error: () => undefined };

/** Calls of `onDue`, and when they came. */
class Calls {
  readonly timers: (DueTimer & { readonly calledAt: number })[] = [];
  readonly #changed = new Wakeup();

  readonly onDue = (timer: DueTimer): void => {
    this.timers.push({ ...timer, calledAt: Date.now() });
    this.#changed.wake();
  };

  get ids(): string[] {
    return this.timers.map(({ id }) => id);
  }

  async reach(count: number): Promise<void> {
    while (this.timers.length < count) await this.#changed.wait();
  }
}

/** Timers that are started, and stopped when the spec is done. */
async function started(store: JetStreamEventStore, options: TimersOptions): Promise<Timers> {
  const timers = await openTimers(store, { logger: quiet, ...options });
  await timers.start();
  return timers;
}

async function typesOf(store: JetStreamEventStore, id: string): Promise<string[]> {
  const events = store.read(storedStream('$timer', id), { consistency: 'leader' });
  return (await collect(events)).map(({ type }) => type);
}

/** Resolves when the timer is recorded as done. */
async function recorded(store: JetStreamEventStore, id: string): Promise<void> {
  while ((await typesOf(store, id)).at(-1) !== '$timerFired') await pause(20);
}

/** Resolves when nothing is left of what was due. */
async function cleared(raw: RawNats, store: JetStreamEventStore): Promise<void> {
  while ((await subjectsOf(raw, store)).some((subject) => /\.(at|due)\./.test(subject))) await pause(20);
}

async function subjectsOf(raw: RawNats, { jetStream }: JetStreamEventStore): Promise<string[]> {
  interface Info {
    readonly state: { readonly subjects?: Record<string, number> };
  }
  const { state } = await raw.api<Info>(`STREAM.INFO.${jetStream}~timers`, { subjects_filter: '>' });
  return Object.keys(state.subjects ?? {});
}

describe('timers', () => {
  it('a timer is carried out once, not before its time by the clock of the server, with its command', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await started(store, { onDue: calls.onDue });
    const at = new Date(Date.now() + 700);
    const scheduled = await timers.schedule(CANCEL_ORDER, { at, id: 'cancel/42' });
    expect(scheduled).toMatchObject({ id: 'cancel/42', command: CANCEL_ORDER, scheduledFor: at });
    expect(await timers.find('cancel/42')).toEqual(scheduled);
    await calls.reach(1);
    expect(calls.timers[0]).toMatchObject({ ...scheduled, attempt: 1 });
    // one machine, one clock
    expect(calls.timers[0]?.calledAt).toBeGreaterThanOrEqual(at.getTime());
    await recorded(store, 'cancel/42');
    await cleared(raw, store);
    expect(await typesOf(store, 'cancel/42')).toEqual(['$timerScheduled', '$timerFired']);
    expect(await timers.find('cancel/42')).toBeUndefined();
    expect(calls.ids).toEqual(['cancel/42']);
  });

  it('the schedule message holds references only', async () => {
    const store = await openStore();
    await using raw = await RawNats.open();
    await using timers = await openTimers(store, { onDue: () => undefined });
    const { position } = await timers.schedule(CANCEL_ORDER, { in: '3 days', id: 'a' });
    const last = { last_by_subj: `${store.jetStream}~timers.at.a` };
    const { message } = await raw.api<{ message: { data: string } }>(
      `STREAM.MSG.GET.${store.jetStream}~timers`,
      last,
    );
    const body = JSON.parse(Buffer.from(message.data, 'base64').toString()) as object;
    expect(body).toEqual({ id: 'a', position, eventId: expect.stringMatching(/\/0$/) });
  });

  it('a time that has passed is due at once', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using timers = await started(store, { onDue: calls.onDue });
    await timers.schedule(CANCEL_ORDER, { at: new Date(0), id: 'old' });
    await timers.schedule(CANCEL_ORDER, { at: new Date('1815-12-10'), id: 'older' });
    await timers.schedule(CANCEL_ORDER, { in: 0, id: 'now' });
    await calls.reach(3);
    expect(calls.ids.toSorted()).toEqual(['now', 'old', 'older']);
  });

  it('a cancelled timer is not carried out, and one that does not wait cannot be cancelled', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await started(store, { onDue: calls.onDue });
    await timers.schedule(CANCEL_ORDER, { in: 600, id: 'no' });
    expect(await timers.cancel('no')).toBe(true);
    expect(await subjectsOf(raw, store)).not.toContain(`${store.jetStream}~timers.at.no`);
    expect(await timers.cancel('no')).toBe(false);
    expect(await timers.cancel('never')).toBe(false);
    await timers.schedule(CANCEL_ORDER, { in: 900, id: 'yes' });
    await calls.reach(1);
    await recorded(store, 'yes');
    expect(await timers.cancel('yes')).toBe(false);
    expect(calls.ids).toEqual(['yes']);
  });

  it('a cancelled timer is dropped if its schedule is delivered all the same', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await openTimers(store, { onDue: calls.onDue });
    await timers.schedule(CANCEL_ORDER, { in: 300, id: 'no' });
    // as a process that ends before it has removed the schedule
    await store.append(storedStream('$timer', 'no'), [TIMER_CANCELLED.create({})]);
    await timers.start();
    await cleared(raw, store);
    expect(calls.ids).toEqual([]);
  });

  it('a timer that is scheduled again is carried out at its new time only', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await started(store, { onDue: calls.onDue });
    await timers.schedule({ name: 'First', data: {} }, { in: 500, id: 'a' });
    const at = new Date(Date.now() + 1_200);
    await timers.schedule({ name: 'Second', data: {} }, { at, id: 'a' });
    await calls.reach(1);
    await cleared(raw, store);
    expect(calls.timers.map(({ command }) => command.name)).toEqual(['Second']);
    expect(calls.timers[0]?.calledAt).toBeGreaterThanOrEqual(at.getTime());
    // and after it was carried out
    await timers.schedule({ name: 'Third', data: {} }, { in: 0, id: 'a' });
    await calls.reach(2);
    expect(calls.timers[1]?.command.name).toBe('Third');
  });

  it('of many that schedule one timer at once, the last one in the store is carried out', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await started(store, { onDue: calls.onDue });
    const at = new Date(Date.now() + 1_000);
    const all = await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        timers.schedule({ name: `C${n}`, data: {} }, { at, id: 'a' }),
      ),
    );
    const last = await timers.find('a');
    expect(all.map(({ position }) => position)).toContain(last?.position);
    await calls.reach(1);
    await cleared(raw, store);
    expect(calls.timers.map(({ command }) => command)).toEqual([last?.command]);
  });

  it('a repeated command id schedules once, also when the timer has been carried out', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using timers = await started(store, { onDue: calls.onDue });
    const first = await timers.schedule(CANCEL_ORDER, { in: 0, id: 'a', commandId: 'one' });
    await calls.reach(1);
    await recorded(store, 'a');
    const again = await timers.schedule(CANCEL_ORDER, { in: '3 days', id: 'a', commandId: 'one' });
    expect(again).toEqual(first);
    expect(await timers.find('a')).toBeUndefined();
    expect(await typesOf(store, 'a')).toEqual(['$timerScheduled', '$timerFired']);
  });

  it('an id may hold any characters', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using timers = await started(store, { onDue: calls.onDue });
    const ids = ['a.b', '*', '>', 'ä ö', '%2E', "it's/(odd)!", '€'.repeat(100), '$x', 'tab\tnewline\n'];
    await Promise.all(ids.map(async (id) => timers.schedule(CANCEL_ORDER, { in: 100, id })));
    await calls.reach(ids.length);
    expect(calls.ids.toSorted()).toEqual(ids.toSorted());
  });

  it('what cannot work is refused before anything is sent', async () => {
    const store = await openStore();
    await using timers = await openTimers(store, { onDue: () => undefined });
    const refused = async (command: unknown, options: unknown, name: string): Promise<void> => {
      await expect(timers.schedule(command as never, options as never)).rejects.toMatchObject({
        name,
        outcome: 'not-applied',
      });
    };
    const id = 'a';
    await refused(CANCEL_ORDER, { id }, 'InvalidOptionError');
    await refused(CANCEL_ORDER, { id, in: 1, at: new Date() }, 'InvalidOptionError');
    await refused(CANCEL_ORDER, { id, in: '3 fortnights' }, 'InvalidOptionError');
    await refused(CANCEL_ORDER, { id, in: -1 }, 'InvalidOptionError');
    await refused(CANCEL_ORDER, { id, at: new Date(Number.NaN) }, 'InvalidOptionError');
    // the server would deliver it at once
    await refused(CANCEL_ORDER, { id, at: new Date('2300-01-01') }, 'InvalidOptionError');
    await refused(CANCEL_ORDER, { id, in: 1, unit: 's' }, 'InvalidOptionError');
    await refused(CANCEL_ORDER, { id: '', in: 1 }, 'InvalidStreamNameError');
    await refused(CANCEL_ORDER, { id: '\ud800', in: 1 }, 'InvalidStreamNameError');
    await refused(CANCEL_ORDER, { id: '.'.repeat(400), in: 1 }, 'InvalidStreamNameError');
    await refused({ name: '', data: {} }, { id, in: 1 }, 'InvalidOptionError');
    await refused({ name: 'X' }, { id, in: 1 }, 'InvalidOptionError');
    await refused({ name: 'X', data: { at: new Date() } }, { id, in: 1 }, 'InvalidEventError');
    expect(await store.lastSequence()).toBe(0);
    await expect(openTimers(store, {} as never)).rejects.toThrow('onDue must be a function');
    await expect(openTimers(store, { onDue: () => 0, backoffMs: [] })).rejects.toThrow('backoffMs');
    await expect(openTimers(store, { onDue: () => 0, evry: 1 } as never)).rejects.toThrow('evry');
  });

  it('a server older than 2.14 is refused by name', async () => {
    const store = { connection: { serverVersion: '2.12.5' }, jetStream: 'shop' } as JetStreamEventStore;
    await expect(openTimers(store, { onDue: () => undefined })).rejects.toMatchObject({
      name: 'UnsupportedByServerError',
      floor: '2.14.0',
      found: 'nats-server 2.12.5',
    });
  });

  it('a stream with limits that would drop timers is refused', async () => {
    const store = await openStore();
    await using raw = await RawNats.open();
    const name = `${store.jetStream}~timers`;
    await raw.api(`STREAM.CREATE.${name}`, {
      name,
      subjects: [`${name}.>`],
      allow_msg_schedules: true,
      max_msgs: 5,
    });
    await expect(openTimers(store, { onDue: () => undefined })).rejects.toThrow(
      /timers of a store need.*max_msgs -1/,
    );
  });

  it('what the handler rejects with is tried again, until it succeeds', async () => {
    const store = await openStore();
    const calls = new Calls();
    const onDue = (timer: DueTimer): void => {
      calls.onDue(timer);
      if (timer.attempt < 3) throw new Error('not now');
    };
    await using timers = await started(store, { onDue, backoffMs: [50] });
    await timers.schedule(CANCEL_ORDER, { in: 0, id: 'a' });
    await calls.reach(3);
    await recorded(store, 'a');
    expect(calls.timers.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  it('a timer whose handler keeps failing can be cancelled', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    const onDue = (timer: DueTimer): void => {
      calls.onDue(timer);
      throw new Error('never');
    };
    await using timers = await started(store, { onDue, backoffMs: [50] });
    await timers.schedule(CANCEL_ORDER, { in: 0, id: 'a' });
    await calls.reach(2);
    expect(await timers.cancel('a')).toBe(true);
    await cleared(raw, store);
    expect(await typesOf(store, 'a')).toEqual(['$timerScheduled', '$timerCancelled']);
  });

  it('an attempt that takes too long has failed, and its signal says so', async () => {
    const store = await openStore();
    const calls = new Calls();
    const onDue = async (timer: DueTimer): Promise<void> => {
      calls.onDue(timer);
      if (timer.attempt === 1) await new Promise<never>(() => undefined);
    };
    await using timers = await started(store, { onDue, timeoutMs: 100, backoffMs: [50] });
    await timers.schedule(CANCEL_ORDER, { in: 0, id: 'a' });
    await calls.reach(2);
    expect(calls.timers[0]?.signal.reason).toMatchObject({ name: 'HandlerTimeoutError' });
    await recorded(store, 'a');
  });

  it('appends of the handler have the correlation of who scheduled it, and the timer as their cause', async () => {
    const store = await openStore();
    const calls = new Calls();
    const seen: unknown[] = [];
    const onDue = (timer: DueTimer): void => {
      seen.push(currentMetadata());
      calls.onDue(timer);
    };
    await using timers = await started(store, { onDue });
    await runWithMetadata({ correlationId: 'request-1' }, async () =>
      timers.schedule(CANCEL_ORDER, { in: 0, id: 'a' }),
    );
    await calls.reach(1);
    const [timer] = calls.timers;
    expect(seen).toEqual([{ correlationId: 'request-1', causationId: timer?.eventId }]);
    expect(timer?.metadata.correlationId).toBe('request-1');
  });
});

describe('timers over crashes', () => {
  it('a timer whose schedule was not stored is found when a process starts', async () => {
    const store = await openStore();
    const calls = new Calls();
    const data = { command: CANCEL_ORDER, at: new Date(Date.now() + 100).toISOString() };
    await store.append(storedStream('$timer', 'lost'), [TIMER_SCHEDULED.create(data)]);
    await using _ = await started(store, { onDue: calls.onDue });
    await calls.reach(1);
    expect(calls.timers[0]).toMatchObject({ id: 'lost', command: CANCEL_ORDER });
  });

  it('a timer whose schedule was not stored is found by the sweep of a running process', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using _ = await started(store, { onDue: calls.onDue, sweepEveryMs: 100 });
    const data = { command: CANCEL_ORDER, at: new Date().toISOString() };
    await store.append(storedStream('$timer', 'lost'), [TIMER_SCHEDULED.create(data)]);
    await calls.reach(1);
    expect(calls.ids).toEqual(['lost']);
  });

  it('a replacement whose schedule was not stored takes its place when the former one is due', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using timers = await started(store, { onDue: calls.onDue });
    await timers.schedule({ name: 'First', data: {} }, { in: 500, id: 'a' });
    const data = { command: { name: 'Second', data: {} }, at: new Date().toISOString() };
    await store.append(storedStream('$timer', 'a'), [TIMER_SCHEDULED.create(data)]);
    await calls.reach(1);
    await recorded(store, 'a');
    expect(calls.timers.map(({ command }) => command.name)).toEqual(['Second']);
  });

  it('a sweep looks at each event of a timer once', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    const mark = `${store.jetStream}~timers.mark`;
    await using timers = await openTimers(store, { onDue: calls.onDue, sweepEveryMs: 50 });
    const { position } = await timers.schedule(CANCEL_ORDER, { in: '3 days', id: 'a' });
    await timers.start();
    while (!(await subjectsOf(raw, store)).includes(mark)) await pause(20);
    const message = async (): Promise<{ seq: number; data: string }> => {
      const found = await raw.api<{ message: { seq: number; data: string } }>(
        `STREAM.MSG.GET.${store.jetStream}~timers`,
        { last_by_subj: mark },
      );
      return found.message;
    };
    const first = await message();
    expect(JSON.parse(Buffer.from(first.data, 'base64').toString())).toMatchObject({
      store: store.identity,
      position,
    });
    // removed by hand, and not noticed: the event was looked at
    await raw.api(`STREAM.PURGE.${store.jetStream}~timers`, { filter: `${store.jetStream}~timers.at.a` });
    const next = await timers.schedule(CANCEL_ORDER, { in: '3 days', id: 'b' });
    let now = await message();
    while (now.seq === first.seq) {
      await pause(20);
      now = await message();
    }
    expect(JSON.parse(Buffer.from(now.data, 'base64').toString())).toMatchObject({ position: next.position });
    expect(await subjectsOf(raw, store)).not.toContain(`${store.jetStream}~timers.at.a`);
  });

  it('all timers are scheduled again when the stream of schedules was deleted', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await started(store, { onDue: calls.onDue });
    await timers.schedule(CANCEL_ORDER, { in: 0, id: 'done' });
    await calls.reach(1);
    await recorded(store, 'done');
    await timers.schedule(CANCEL_ORDER, { in: 1_000, id: 'a' });
    await timers.schedule(CANCEL_ORDER, { in: 1_000, id: 'b' });
    await raw.api(`STREAM.DELETE.${store.jetStream}~timers`);
    await calls.reach(3);
    expect(calls.ids.toSorted()).toEqual(['a', 'b', 'done']);
  }, 30_000);

  it('a message that is delivered again after the record is dropped', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await started(store, { onDue: calls.onDue });
    const { position } = await timers.schedule(CANCEL_ORDER, { in: 0, id: 'a' });
    await calls.reach(1);
    await recorded(store, 'a');
    await cleared(raw, store);
    const eventId = calls.timers[0]?.eventId;
    await raw.store(`${store.jetStream}~timers.due.a`, JSON.stringify({ id: 'a', position, eventId }));
    await cleared(raw, store);
    expect(calls.ids).toEqual(['a']);
  });

  it('a message that was delivered early by somebody waits for the time, and nonsense is removed', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await started(store, { onDue: calls.onDue });
    const at = new Date(Date.now() + 800);
    const { position } = await timers.schedule(CANCEL_ORDER, { at, id: 'a' });
    const [scheduled] = await collect(store.read(storedStream('$timer', 'a')));
    const body = JSON.stringify({ id: 'a', position, eventId: scheduled?.id });
    await raw.store(`${store.jetStream}~timers.due.a`, body);
    await raw.store(`${store.jetStream}~timers.due.x`, 'nonsense');
    await calls.reach(1);
    expect(calls.timers[0]?.calledAt).toBeGreaterThanOrEqual(at.getTime());
    await cleared(raw, store);
    expect(calls.ids).toEqual(['a']);
  });

  it('a call that succeeded is not repeated in its process when its record fails', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using timers = await started(store, { onDue: calls.onDue, backoffMs: [50] });
    const append = store.append.bind(store);
    let failures = 0;
    store.append = async (stream, events, options) => {
      const isRecord = (events[0] as { type?: string }).type === '$timerFired';
      if (isRecord && failures++ < 2) throw new Error('no answer');
      return append(stream, events, options);
    };
    await timers.schedule(CANCEL_ORDER, { in: 0, id: 'a' });
    await recorded(store, 'a');
    expect([calls.ids, failures]).toEqual([['a'], 3]);
  });

  it('two processes share the timers: each is carried out by one, and what one leaves the other takes', async () => {
    const name = uniqueStoreName();
    const [one, two] = [await openStore({ name }), await openStore({ name })];
    const [first, second] = [new Calls(), new Calls()];
    const stuck = async (timer: DueTimer): Promise<void> => {
      first.onDue(timer);
      await new Promise<never>((_, reject) => {
        timer.signal.addEventListener('abort', () => reject(timer.signal.reason));
      });
    };
    const timers = await started(one, { onDue: stuck, concurrency: 1, stopGraceMs: 1 });
    await timers.schedule(CANCEL_ORDER, { in: 0, id: 'a' });
    await first.reach(1);
    await using _ = await started(two, { onDue: second.onDue });
    const ids = Array.from({ length: 20 }, (__, n) => `t${n}`);
    await Promise.all(ids.map(async (id) => timers.schedule(CANCEL_ORDER, { in: 0, id })));
    // the first process is busy with one
    await second.reach(ids.length - 1);
    await timers.stop();
    const all = [...ids, 'a'];
    await Promise.all(all.map(async (id) => recorded(two, id)));
    expect(second.ids).toContain('a');
    expect(new Set(second.ids).size).toBe(second.ids.length);
    expect(timers.status.state).toBe('stopped');
  }, 30_000);

  it('a schedule of a commit that the log has lost does not keep out the one of the commit in its place', async () => {
    const store = await openStore();
    const calls = new Calls();
    await using raw = await RawNats.open();
    await using timers = await started(store, { onDue: calls.onDue });
    const stream = `${store.jetStream}~timers`;
    const lost = { id: 'a', position: '500.0', eventId: '00000000-0000-7000-8000-000000000000/0' };
    const schedule = {
      'Nats-Schedule': `@at ${new Date(Date.now() + 60_000).toISOString()}`,
      'Nats-Schedule-Target': `${stream}.due.a`,
    };
    await raw.store(`${stream}.at.a`, JSON.stringify(lost), schedule);
    await timers.schedule(CANCEL_ORDER, { in: 100, id: 'a' });
    await calls.reach(1);
    await cleared(raw, store);
    expect(calls.ids).toEqual(['a']);
  });

  it('a store that takes the place of a deleted one does not carry out its timers, and finds all of its own', async () => {
    const name = uniqueStoreName();
    const former = await openStore({ name });
    await using raw = await RawNats.open();
    const old = new Calls();
    const before = await started(former, { onDue: old.onDue, sweepEveryMs: 50 });
    await before.schedule({ name: 'Former', data: {} }, { in: 600, id: 'a' });
    while (!(await subjectsOf(raw, former)).includes(`${name}~timers.mark`)) await pause(20);
    await before.stop();
    await raw.api(`STREAM.DELETE.${name}`);
    const store = await openStore({ name });
    // at the position of the former one, and without a schedule
    const data = { command: CANCEL_ORDER, at: new Date().toISOString() };
    await store.append(storedStream('$timer', 'b'), [TIMER_SCHEDULED.create(data)]);
    const calls = new Calls();
    await using _ = await started(store, { onDue: calls.onDue });
    await calls.reach(1);
    await cleared(raw, store);
    expect([calls.ids, old.ids]).toEqual([['b'], []]);
  });

  it('a stop waits for the calls that are under way, and their timers are recorded', async () => {
    const store = await openStore();
    const calls = new Calls();
    const released = new Wakeup();
    const onDue = async (timer: DueTimer): Promise<void> => {
      calls.onDue(timer);
      await released.wait();
    };
    const timers = await started(store, { onDue });
    await timers.schedule(CANCEL_ORDER, { in: 0, id: 'a' });
    await calls.reach(1);
    const stopping = timers.stop();
    released.wake();
    await stopping;
    expect(await typesOf(store, 'a')).toEqual(['$timerScheduled', '$timerFired']);
    await timers.stop();
  });

  it('timers survive a kill and restart of the server', async () => {
    const server = await startNatsServer({ ownProcess: true, log: () => undefined });
    const store = await openStore({ servers: server.url });
    const calls = new Calls();
    const timers = await started(store, { onDue: calls.onDue });
    try {
      const at = new Date(Date.now() + 1_500);
      await timers.schedule(CANCEL_ORDER, { at, id: 'a' });
      await timers.schedule(CANCEL_ORDER, { in: '3 days', id: 'b' });
      await server.kill();
      await server.restart();
      await calls.reach(1);
      await recorded(store, 'a');
      expect(calls.ids).toEqual(['a']);
      expect(calls.timers[0]?.calledAt).toBeGreaterThanOrEqual(at.getTime());
      expect((await timers.find('b'))?.id).toBe('b');
    } finally {
      await timers.stop();
      await store.close();
      await server.stop();
    }
  }, 60_000);
});

it('keys of schedules are the ids of the streams', async () => {
  const store = await openStore();
  await using raw = await RawNats.open();
  await using timers = await openTimers(store, { onDue: () => undefined });
  await timers.schedule(CANCEL_ORDER, { in: '1h', id: 'a b.c' });
  expect(await subjectsOf(raw, store)).toEqual([
    `${store.jetStream}~timers.at.${encodeSubjectToken('a b.c')}`,
  ]);
});
