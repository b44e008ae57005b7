import { type ChildProcess, spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { sleep } from '../../src/kernel/sleep.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { startNatsServer } from '../../src/testing/start-nats-server.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { lanesRunBy, startMember, stopMembers } from './lane-members.js';

/** Within this time the lanes of a process that was killed are run by another one. */
const TAKEN_OVER_MS = 5_000;

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await stopMembers();
});

/** Another process with a member. */
function startChild(name: string, lanes: number): { child: ChildProcess; said: () => string } {
  const script = ['--import', './test/support/register-typescript.mjs', './test/lane/run-lanes.ts'];
  const child = spawn(process.execPath, [...script, sharedServerUrl(), name, String(lanes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  return { child, said: () => said };
}

describe('members on one server', () => {
  it('share lanes within milliseconds, and take over at once from one that stops', async () => {
    const name = uniqueStoreName();
    const store = await openStore({ name });
    const one = await startMember(store, { orders: 4, stock: 1 });
    expect(one.running.size).toBe(5);
    const other = await startMember(await openStore({ name }), { orders: 4, stock: 1 });
    await until('the lanes are shared', () => one.running.size === 3 && other.running.size === 2);
    expect(new Set(lanesRunBy(one, other)).size).toBe(5);
    expect(one.runner.members().map(({ id }) => id)).toEqual([one.runner.id, other.runner.id]);
    expect(await one.runner.stop()).toEqual([]);
    await until('the other has all', () => other.running.size === 5);
    await other.runner.stop();
    expect(await store.records.list()).toEqual([]);
  });

  it('take over from a process that was killed', async () => {
    const name = uniqueStoreName();
    const { child, said } = startChild(name, 4);
    await until('the child runs all', () => said().match(/begun/g)?.length === 4, 30_000);
    const member = await startMember(await openStore({ name }), { orders: 4 });
    await until('the lanes are shared', () => member.running.size === 2);
    const [owner] = member.runner
      .owners('orders')
      .flatMap(({ owner: found }) => found ?? [])
      .filter(({ isSelf }) => !isSelf);
    expect(owner).toMatchObject({ host: hostname(), pid: child.pid, service: 'child', works: ['orders'] });
    const killedAt = performance.now();
    child.kill('SIGKILL');
    await until('all are taken over', () => member.running.size === 4, 30_000);
    const took = performance.now() - killedAt;
    expect(took).toBeLessThan(TAKEN_OVER_MS);
    expect(member.runner.members()).toHaveLength(1);
  }, 60_000);

  it('take over at once from a process that ends as it should', async () => {
    const name = uniqueStoreName();
    const { child, said } = startChild(name, 2);
    await until('the child runs all', () => said().match(/begun/g)?.length === 2, 30_000);
    const member = await startMember(await openStore({ name }), { orders: 2 });
    await until('the lanes are shared', () => member.running.size === 1);
    child.kill('SIGTERM');
    await until('it has stopped', () => said().includes('stopped'), 30_000);
    await until('all are taken over', () => member.running.size === 2, 2_000);
  }, 60_000);

  it('stop a process from running what was taken over while it was suspended', async () => {
    const name = uniqueStoreName();
    const { child, said } = startChild(name, 1);
    await until('the child runs it', () => said().includes('begun 0'), 30_000);
    const member = await startMember(await openStore({ name }), { orders: 1 });
    expect(member.running.size).toBe(0);
    child.kill('SIGSTOP');
    await until('it is taken over', () => member.running.size === 1, 30_000);
    child.kill('SIGCONT');
    await until('the child has ended it', () => said().includes('ended 0'), 30_000);
    expect(member.runner.isCertain({ work: 'orders', lane: 0 })).toBe(true);
  }, 60_000);

  it('write the leases again when the stream of the records was deleted, and go on', async () => {
    const name = uniqueStoreName();
    const one = await startMember(await openStore({ name }), { orders: 4 });
    const other = await startMember(await openStore({ name }), { orders: 4 });
    await until('the lanes are shared', () => one.running.size === 2 && other.running.size === 2);
    const begun = [one.begun(), other.begun()];
    await using raw = await RawNats.open();
    await raw.api(`STREAM.DELETE.${name}~records`);
    await until('all leases are there again', async () => {
      const page = await raw.api<{ state?: { subjects?: Record<string, number> } }>(
        `STREAM.INFO.${name}~records`,
        { subjects_filter: `${name}~records.lease.>` },
      );
      return Object.keys(page.state?.subjects ?? {}).length === 4;
    });
    await until('both see all', () =>
      [one, other].every(({ runner }) => runner.owners('orders').every(({ owner }) => owner !== undefined)),
    );
    expect([one.begun(), other.begun()]).toEqual(begun);
    expect(new Set(lanesRunBy(one, other)).size).toBe(4);
  });
});

describe('members whose server goes away', () => {
  let server: NatsServer;

  beforeAll(async () => {
    server = await startNatsServer({ ownProcess: true });
  }, 60_000);

  afterAll(async () => {
    await server.stop();
  });

  it('for longer than a timeout go on, uncertain, and keep their lanes when it is back', async () => {
    const options = { servers: server.url, name: uniqueStoreName() };
    const one = await startMember(await openStore(options), { orders: 2 });
    const other = await startMember(await openStore(options), { orders: 2 });
    await until('the lanes are shared', () => one.running.size === 1 && other.running.size === 1);
    const [first] = one.running;
    const lane = { work: 'orders', lane: Number(first?.split('/')[1]) };
    await server.kill('SIGKILL');
    await until('it is not certain any more', () => !one.runner.isCertain(lane));
    // longer than it takes to be taken for dead
    await sleep(2_000);
    expect(lanesRunBy(one, other)).toHaveLength(2);
    await server.restart();
    await until('it is certain again', () => one.runner.isCertain(lane), 30_000);
    await sleep(4_000);
    expect([one.begun() + other.begun(), lanesRunBy(one, other).length]).toEqual([3, 2]);
  }, 90_000);
});
