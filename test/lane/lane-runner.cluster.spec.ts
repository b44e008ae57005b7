import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { lanesRunBy, type Member, startMember, stopMembers } from './lane-members.js';

const WORKS = { orders: 2, stock: 1, invoices: 1 };
const LANES = ['invoices/0', 'orders/0', 'orders/1', 'stock/0'];
/** Elections take seconds, and a machine that is busy more. */
const PATIENCE_MS = 30_000;

let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await startNatsCluster();
}, 180_000);

afterAll(async () => {
  await stopMembers();
  await cluster?.stop();
}, 60_000);

/** A store whose client is connected to one of the nodes first. */
async function storeAt(index: number, name: string): Promise<JetStreamEventStore> {
  const servers = [...cluster.urls.slice(index), ...cluster.urls.slice(0, index)];
  return openStore({ servers, noRandomize: true, name, replicas: 3 });
}

/** Index of the node that leads a stream; undefined while there is none. */
async function leaderOf(stream: string, asked: number): Promise<number | undefined> {
  await using raw = await RawNats.open(cluster.urls[asked]);
  interface Info {
    readonly cluster?: { readonly leader?: string };
  }
  const info = await raw.api<Info>(`STREAM.INFO.${stream}`).catch((): Info => ({}));
  const leader = info.cluster?.leader;
  return leader === undefined ? undefined : Number(leader.slice(1)) - 1;
}

/** Looks again and again for a lane of which two members are certain. */
function watchCertainty(...members: readonly Member[]): { doubles: string[]; stop: () => void } {
  const doubles: string[] = [];
  const timer = setInterval(() => {
    for (const key of LANES) {
      const [work = '', lane] = key.split('/');
      const certain = members.filter(({ runner }) => runner.isCertain({ work, lane: Number(lane) }));
      if (certain.length > 1) doubles.push(key);
    }
  }, 5);
  return { doubles, stop: () => clearInterval(timer) };
}

/** Every lane is run once, and all members that are asked say by whom. */
async function untilWhole(what: string, ...members: readonly Member[]): Promise<void> {
  const isSeen = ({ runner }: Member): boolean =>
    Object.keys(WORKS).every((work) => runner.owners(work).every(({ owner }) => owner !== undefined));
  await until(
    what,
    () => JSON.stringify(lanesRunBy(...members)) === JSON.stringify(LANES) && members.every(isSeen),
    PATIENCE_MS,
  );
}

describe('members on three nodes', () => {
  it('own each lane once while leaders die and step down, and take over afterwards', async () => {
    const name = uniqueStoreName();
    const stream = `${name}~records`;
    const [storeOfOne, storeOfOther] = [await storeAt(0, name), await storeAt(1, name)];
    const one = await startMember(storeOfOne, WORKS);
    const other = await startMember(storeOfOther, WORKS);
    const watch = watchCertainty(one, other);
    await until('the lanes are shared', () => one.running.size === 2 && other.running.size === 2);
    await untilWhole('all lanes are run', one, other);
    const begun = [one.begun(), other.begun()];

    await using raw = await RawNats.open(cluster.urls[0], { servers: [...cluster.urls] });
    const { config } = await raw.api<{ config: object }>(`STREAM.INFO.${stream}`);
    expect(config).toMatchObject({ num_replicas: 3 });
    for (let n = 0; n < 3; n += 1) {
      await raw.api(`STREAM.LEADER.STEPDOWN.${stream}`);
      await until('there is a leader', async () => (await leaderOf(stream, n)) !== undefined, PATIENCE_MS);
    }

    const leader = await leaderOf(stream, 0);
    await cluster.kill(leader as number, 'SIGKILL');
    const [asked] = [0, 1, 2].filter((index) => index !== leader);
    const isLed = async (): Promise<boolean> => {
      const found = await leaderOf(stream, asked as number);
      return found !== undefined && found !== leader;
    };
    await until('there is another leader', isLed, PATIENCE_MS);
    const isCertain = ({ runner, running }: Member): boolean =>
      [...running].every((key) => {
        const [work = '', lane] = key.split('/');
        return runner.isCertain({ work, lane: Number(lane) });
      });
    await until('both are certain again', () => isCertain(one) && isCertain(other), PATIENCE_MS);
    await untilWhole('all lanes are run', one, other);
    // nobody was dead: no lane was begun anywhere else
    expect([one.begun(), other.begun()]).toEqual(begun);
    await cluster.restart(leader as number);

    // it can neither renew nor hand over
    await storeOfOne.close();
    await until('the other has all', () => other.running.size === LANES.length, PATIENCE_MS);
    expect(other.runner.members().map(({ id }) => id)).toEqual([other.runner.id]);
    expect(watch.doubles).toEqual([]);
    watch.stop();
  }, 150_000);
});
