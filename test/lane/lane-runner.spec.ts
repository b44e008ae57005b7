import { LaneRunner } from '../../src/lane/lane-runner.js';
import type { LaneRunnerOptions } from '../../src/lane/lane-options.js';
import { LocalRecordTable } from '../../src/log/local-record-table.js';
import { NO_PEERS } from '../../src/log/log-peers.js';
import { rejection } from '../support/collect.js';
import { type Instance, LaneService, untilAborted } from './lane-service.js';
import { ManualClock } from './manual-clock.js';

let clock: ManualClock;
let service: LaneService;

beforeEach(() => {
  clock = new ManualClock();
});

afterEach(async () => {
  await service?.stop();
});

function serviceWith(works: Readonly<Record<string, number>>): LaneService {
  service = new LaneService(clock, works);
  return service;
}

const loads = () => service.instances.map(({ running }) => running.size);
const lanesOf = (work: string, count: number) =>
  Array.from({ length: count }, (_, lane) => `${work}/${lane}`);

/** Starts two instances and lets them share. */
async function pair(works: Readonly<Record<string, number>>): Promise<[Instance, Instance]> {
  const started = serviceWith(works);
  const one = await started.started();
  const other = await started.started();
  await clock.pass(2_000);
  return [one, other];
}

describe('a member that is alone', () => {
  it('runs all lanes when its start resolves', async () => {
    const one = await serviceWith({ orders: 4, stock: 1 }).started();
    expect([...one.running].toSorted()).toEqual([...lanesOf('orders', 4), 'stock/0']);
    expect(clock.now()).toBe(0);
  });

  it('goes on alone on a log without records and peers', async () => {
    const begun: number[] = [];
    await using runner = new LaneRunner(new LocalRecordTable(), NO_PEERS, { clock });
    await runner.start([
      { name: 'w', lanes: 2, run: async (lane, signal) => (begun.push(lane), untilAborted(lane, signal)) },
    ]);
    expect(begun).toEqual([0, 1]);
    await runner.stop();
  });

  it('has its start refused when the records are not answered, and is stopped', async () => {
    const one = serviceWith({ orders: 1 }).add();
    one.faults.goDown();
    const starting = rejection(one.runner.start(one.works));
    await clock.pass(10_000);
    expect(await starting).toMatchObject({ code: 'nats' });
    expect(one.running.size).toBe(0);
  });
});

describe('several members', () => {
  it('have one lane each of as many, when they start at once', async () => {
    serviceWith({ a: 1, b: 1, c: 1, d: 1 });
    await Promise.all([service.started(), service.started()]);
    await clock.pass(2_000);
    expect(loads()).toEqual([2, 2]);
    expect(service.running).toEqual(['a/0', 'b/0', 'c/0', 'd/0']);
  });

  it('hand over the surplus to one that joins, lane by lane, and no lane goes back', async () => {
    serviceWith({ orders: 6, stock: 2 });
    const one = await service.started();
    await service.started();
    for (let steps = 0; steps < 60; steps += 1) {
      await clock.pass(25);
      expect(new Set(service.running).size).toBe(service.running.length);
    }
    expect(loads()).toEqual([4, 4]);
    expect([...one.running].filter((lane) => lane.startsWith('orders'))).toHaveLength(3);
    await service.started();
    await clock.pass(2_000);
    expect(loads().toSorted((a, b) => a - b)).toEqual([2, 3, 3]);
    const begun = service.instances.map((instance) => instance.begun());
    expect(begun.reduce((sum, count) => sum + count)).toBe(8 + 4 + 2);
    await clock.pass(60_000);
    expect(service.instances.map((instance) => instance.begun())).toEqual(begun);
  });

  it('are not certain of a lane while it is being given back', async () => {
    serviceWith({ orders: 2 });
    const one = await service.started();
    one.records.steer = async ({ kind, moment }) => {
      if (kind === 'remove' && moment === 'answered')
        await new Promise<void>((resolve) => clock.after(5_000, resolve));
    };
    const other = await service.started();
    await clock.pass(1_500);
    expect(other.running.size).toBe(1);
    for (const lane of [0, 1]) {
      const certain = [one, other].filter(({ runner }) => runner.isCertain({ work: 'orders', lane }));
      expect(certain).toHaveLength(1);
    }
  });

  it('take over at once from one that stops', async () => {
    const [one, other] = await pair({ orders: 4 });
    expect(loads()).toEqual([2, 2]);
    await one.runner.stop();
    await clock.pass(100);
    expect(loads()).toEqual([0, 4]);
    expect(other.runner.members()).toHaveLength(1);
  });

  it('share by the next renewal where they cannot hear each other', async () => {
    const table = new LocalRecordTable();
    const running = [new Set<number>(), new Set<number>()];
    const members = running.map(() => new LaneRunner(table, NO_PEERS, { clock }));
    for (const [index, member] of members.entries()) {
      const run = async (lane: number, signal: AbortSignal): Promise<void> => {
        running[index]?.add(lane);
        await untilAborted(lane, signal);
        running[index]?.delete(lane);
      };
      await member.start([{ name: 'w', lanes: 4, run }]);
    }
    await clock.pass(10_000);
    expect(running.map(({ size }) => size)).toEqual([2, 2]);
    await Promise.all(members.map((member) => member.stop()));
  });

  it('give the lanes of a work to those alone that run it', async () => {
    serviceWith({ orders: 4, stock: 4 });
    const both = service.add();
    const ordersOnly = service.add();
    await ordersOnly.runner.start(ordersOnly.works.slice(0, 1));
    await both.runner.start(both.works);
    await clock.pass(2_000);
    expect([...ordersOnly.running].toSorted()).toEqual(lanesOf('orders', 4));
    expect([...both.running].toSorted()).toEqual(lanesOf('stock', 4));
  });

  it('tell each other who they are, what they run, and what their reports say', async () => {
    serviceWith({ orders: 2 });
    const one = await service.started({ service: 'shop', report: () => ({ lag: 7 }) });
    const other = await service.started({ report: () => null });
    await clock.pass(2_000);
    const [first, second] = other.runner.members();
    expect(first).toMatchObject({
      id: one.runner.id,
      pid: process.pid,
      service: 'shop',
      works: ['orders'],
      report: { lag: 7 },
      isSelf: false,
    });
    expect(second).toMatchObject({ id: other.runner.id, service: undefined, isSelf: true });
    const owners = other.runner.owners('orders');
    expect(owners.map(({ lane }) => lane)).toEqual([0, 1]);
    expect(new Set(owners.map(({ owner }) => owner?.id))).toEqual(new Set([one.runner.id, other.runner.id]));
    expect(owners[0]?.since).toBeInstanceOf(Date);
    expect(other.runner.owners('unknown')).toEqual([]);
  });

  it('are told of by their listeners, whose errors reach nobody', async () => {
    serviceWith({ orders: 2 });
    const one = await service.started();
    let changes = 0;
    const warnings: unknown[] = [];
    const emit = process.emitWarning.bind(process);
    process.emitWarning = (warning: string | Error) => void warnings.push(String(warning));
    one.runner.onChange(() => {
      throw new TypeError('broken');
    });
    const ignore = one.runner.onChange(() => (changes += 1));
    await service.started();
    await clock.pass(2_000);
    expect(changes).toBeGreaterThan(0);
    expect(warnings[0]).toContain('onChange failed: broken');
    ignore();
    process.emitWarning = emit;
  });
});

describe('a member that dies', () => {
  it('loses its lanes after its timeout, and not before', async () => {
    const [one] = await pair({ orders: 4 });
    one.faults.goDown();
    await clock.pass(2_000);
    expect(loads()).toEqual([2, 2]);
    await clock.pass(2_500);
    expect(loads()).toEqual([2, 4]);
    expect(service.instances[1]?.runner.members()).toHaveLength(1);
  });

  it('is not certain of its lanes any more before another can take them', async () => {
    const [one, other] = await pair({ orders: 1 });
    const [owner, heir] = one.running.size === 1 ? [one, other] : [other, one];
    const lane = { work: 'orders', lane: 0 };
    expect(owner.runner.isCertain(lane)).toBe(true);
    let changes = 0;
    owner.runner.onChange(() => (changes += owner.runner.isCertain(lane) ? 0 : 1));
    owner.faults.goDown();
    for (let steps = 0; steps < 100; steps += 1) {
      await clock.pass(50);
      expect([owner, heir].filter(({ runner }) => runner.isCertain(lane)).length).toBeLessThan(2);
    }
    expect([owner.runner.isCertain(lane), heir.runner.isCertain(lane)]).toEqual([false, true]);
    expect(changes).toBeGreaterThan(0);
  });

  it('is told so by its listeners, also while its renewal is not answered', async () => {
    const one = await serviceWith({ orders: 1 }).started();
    const lane = { work: 'orders', lane: 0 };
    const seen: boolean[] = [];
    one.runner.onChange(() => seen.push(one.runner.isCertain(lane)));
    let answer = (): void => undefined;
    one.records.steer = async () => new Promise<void>((resolve) => (answer = resolve));
    await clock.pass(2_900);
    expect(seen).toEqual([]);
    await clock.pass(200);
    expect(seen).toEqual([false]);
    one.records.steer = async () => undefined;
    answer();
  });

  it('stops to run what it has lost when it wakes up', async () => {
    const [one, other] = await pair({ orders: 2 });
    one.faults.goDown();
    await clock.pass(5_000);
    expect(service.running).toHaveLength(3);
    expect(other.running.size).toBe(2);
    one.faults.comeBack();
    await clock.pass(5_000);
    expect(loads()).toEqual([1, 1]);
    expect(service.running).toEqual(['orders/0', 'orders/1']);
  });
});

describe('an outage', () => {
  it('of the server for all moves no lease, and ends no run', async () => {
    const [one, other] = await pair({ orders: 4 });
    const begun = service.instances.map((instance) => instance.begun());
    for (const { faults } of [one, other]) faults.goDown();
    await clock.pass(10_000);
    expect(loads()).toEqual([2, 2]);
    expect(service.instances.map(({ errors }) => errors.length)).toEqual([1, 1]);
    for (const { faults } of [one, other]) faults.comeBack();
    await clock.pass(10_000);
    expect(service.instances.map((instance) => instance.begun())).toEqual(begun);
    expect(one.runner.owners('orders').every(({ owner }) => owner !== undefined)).toBe(true);
  });

  it('that ends for one member earlier than for another moves no lease', async () => {
    const [one, other] = await pair({ orders: 4 });
    const begun = service.instances.map((instance) => instance.begun());
    for (const { faults } of [one, other]) faults.goDown();
    await clock.pass(10_000);
    one.faults.comeBack();
    await clock.pass(2_000);
    other.faults.comeBack();
    await clock.pass(10_000);
    expect(service.instances.map((instance) => instance.begun())).toEqual(begun);
  });
});

describe('records', () => {
  it('that lag make nobody take over from the living', async () => {
    const [one, other] = await pair({ orders: 4 });
    const begun = service.instances.map((instance) => instance.begun());
    other.faults.lag();
    await clock.pass(20_000);
    expect(service.instances.map((instance) => instance.begun())).toEqual(begun);
    other.faults.catchUp();
    await clock.pass(5_000);
    expect([one.running.size, other.running.size]).toEqual([2, 2]);
  });

  it('that are all lost are written again by the members, who go on', async () => {
    const [one, other] = await pair({ orders: 4 });
    const begun = service.instances.map((instance) => instance.begun());
    service.loseRecords();
    await clock.pass(3_000);
    expect(service.instances.map((instance) => instance.begun())).toEqual(begun);
    expect(other.runner.owners('orders').every(({ owner }) => owner !== undefined)).toBe(true);
    expect(one.runner.members()).toHaveLength(2);
  });

  it('that are all lost are not taken for free by one who looks first', async () => {
    const [one, other] = await pair({ orders: 4 });
    const begun = service.instances.map((instance) => instance.begun());
    await clock.pass(300);
    service.loseRecords();
    other.records.steer = async ({ kind }) => {
      if (kind === 'list') await new Promise<void>((resolve) => clock.after(100, resolve));
    };
    service.stir();
    await clock.pass(5_000);
    expect(service.instances.map((instance) => instance.begun())).toEqual(begun);
    expect([one.running.size, other.running.size]).toEqual([2, 2]);
  });

  it.each(['written', 'not-written'] as const)(
    'whose writes are not answered and %s leave no lane alone',
    async (lost) => {
      serviceWith({ orders: 4 });
      const one = await service.started();
      const other = service.add();
      for (let n = 0; n < 3; n += 1) {
        await clock.pass(1_000);
        one.faults.loseAnswer(lost);
      }
      await other.runner.start(other.works);
      for (let n = 0; n < 5; n += 1) {
        other.faults.loseAnswer(lost);
        one.faults.loseAnswer(lost);
        await clock.pass(500);
      }
      await clock.pass(10_000);
      expect(loads()).toEqual([2, 2]);
      expect(service.running).toEqual(lanesOf('orders', 4));
    },
  );
});

describe('a run', () => {
  it('that fails keeps its lease and is not run again until it is restarted, there', async () => {
    serviceWith({ orders: 2 });
    let fails = true;
    const run = async (lane: number, signal: AbortSignal): Promise<void> => {
      if (fails) throw new TypeError('poisoned');
      await untilAborted(lane, signal);
    };
    const one = await service.started({}, run);
    const other = await service.started();
    await clock.pass(10_000);
    // neither is handed over: it would fail there as well
    expect([one.begun(), other.begun()]).toEqual([2, 0]);
    expect(other.runner.owners('orders').map(({ owner }) => owner?.id)).toEqual([
      one.runner.id,
      one.runner.id,
    ]);
    fails = false;
    one.runner.restart('orders', 1);
    await clock.pass(100);
    // it is the surplus now, and goes to the other
    expect(service.running).toEqual(['orders/1']);
    one.runner.restart('orders');
    await clock.pass(3_000);
    expect(loads()).toEqual([1, 1]);
  });

  it('that resolves is run again, after pauses that grow', async () => {
    const one = await serviceWith({ orders: 1 }).started({}, async () => undefined);
    await clock.pass(60_000);
    expect(one.begun()).toBeGreaterThan(8);
    expect(one.begun()).toBeLessThan(40);
  });

  it('that does not end when it is aborted keeps its lane from being run twice', async () => {
    serviceWith({ orders: 1 });
    const one = await service.started({}, async () => new Promise(() => undefined));
    const other = await service.started();
    const stopping = one.runner.stop();
    await clock.pass(9_000);
    expect(other.running.size).toBe(0);
    await clock.pass(10_000);
    expect(await stopping).toEqual([expect.objectContaining({ work: 'orders', lane: 0 })]);
    expect(other.running.size).toBe(1);
  });

  it('that does not end when its lane was lost keeps it from being begun again beside it', async () => {
    serviceWith({ orders: 1 });
    let end = (): void => undefined;
    const one = await service.started({}, async () => new Promise((resolve) => (end = resolve)));
    const other = await service.started();
    one.faults.goDown();
    await clock.pass(6_000);
    expect(other.running.size).toBe(1);
    one.faults.comeBack();
    await clock.pass(5_000);
    await other.runner.stop();
    await clock.pass(5_000);
    expect([one.begun(), one.running.size]).toEqual([1, 1]);
    end();
    await clock.pass(5_000);
    expect(one.begun()).toBe(2);
    end();
  });

  it('is ended at once where its lane was taken while the runner was being stopped', async () => {
    const one = serviceWith({ orders: 1 }).add();
    let answer = (): void => undefined;
    one.records.steer = async ({ kind, key, moment }) => {
      if (kind === 'put' && key === 'lease.orders.0' && moment === 'answered')
        await new Promise<void>((resolve) => (answer = resolve));
    };
    const starting = one.runner.start(one.works);
    await clock.settle();
    const stopping = one.runner.stop();
    await clock.settle();
    answer();
    await clock.pass(20_000);
    await Promise.all([starting, stopping]);
    expect(one.running.size).toBe(0);
    const other = await service.started();
    expect(other.running.size).toBe(1);
  });

  it('is not begun by a runner that is stopped while it starts', async () => {
    const one = serviceWith({ orders: 3 }).add();
    const starting = one.runner.start(one.works).catch(() => undefined);
    const stopping = one.runner.stop();
    await clock.pass(5_000);
    await Promise.all([starting, stopping]);
    expect(one.running.size).toBe(0);
    const other = await service.started();
    expect(other.running.size).toBe(3);
  });
});

describe('a report', () => {
  it.each<[string, LaneRunnerOptions['report']]>([
    [
      'throws',
      () => {
        throw new TypeError('no report');
      },
    ],
    ['is no JSON', () => 1n as never],
    ['is too large', () => 'x'.repeat(100_000)],
  ])('that %s does not cost the member its lanes', async (_, report) => {
    const one = await serviceWith({ orders: 1 }).started({ report });
    const other = await service.started();
    await clock.pass(20_000);
    expect(one.begun() + other.begun()).toBe(1);
    expect(one.errors.length).toBeGreaterThan(0);
  });
});

describe('what cannot work', () => {
  const run = untilAborted;

  it.each<[string, LaneRunnerOptions]>([
    ['renewMs', { renewMs: 0 }],
    ['timeoutMs', { renewMs: 1_000, timeoutMs: 1_500 }],
    ['stopMs', { stopMs: -1 }],
    ['renewms', { renewms: 1 } as LaneRunnerOptions],
  ])('is refused by name: %s', (option, options) => {
    expect(() => new LaneRunner(new LocalRecordTable(), NO_PEERS, options)).toThrow(
      expect.objectContaining({ code: 'invalid-option', option }),
    );
  });

  it.each([
    ['works[0].name', [{ name: '', lanes: 1, run }]],
    ['works[0].name', [{ name: '\uD800', lanes: 1, run }]],
    [
      'works[1].name',
      [
        { name: 'a', lanes: 1, run },
        { name: 'a', lanes: 2, run },
      ],
    ],
    ['works[0].lanes', [{ name: 'a', lanes: 65, run }]],
    ['works[0].lane', [{ name: 'a', lanes: 1, lane: 1, run }]],
  ])('is refused by name: %s', async (option, works) => {
    const runner = new LaneRunner(new LocalRecordTable(), NO_PEERS);
    expect(await rejection(runner.start(works))).toMatchObject({ code: 'invalid-option', option });
  });

  it('is a second start', async () => {
    const one = await serviceWith({ orders: 1 }).started();
    expect(await rejection(one.runner.start([]))).toMatchObject({ code: 'invalid-option' });
  });

  it('is no name with characters that a subject cannot hold', async () => {
    const one = await serviceWith({ 'a.b * >': 1, a: 1, 'ä/%': 1 }).started();
    expect(one.running.size).toBe(3);
    expect(one.runner.owners('a.b * >')[0]?.owner?.isSelf).toBe(true);
  });
});
