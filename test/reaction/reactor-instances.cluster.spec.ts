import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { sleep } from '../../src/kernel/sleep.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { until } from '../support/collect.js';
import { Counted, counted } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { NotedCalls } from './noted-calls.js';

const STREAMS = 10;
/** Between two events of a stream, in milliseconds. */
const PACE_MS = 10;
/** Elections take seconds, and a machine that is busy more. */
const PATIENCE_MS = 90_000;

let cluster: NatsCluster;
let noted: NotedCalls;

beforeAll(async () => {
  cluster = await startNatsCluster();
}, 180_000);

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

beforeEach(() => {
  noted = new NotedCalls();
});

afterEach(() => noted.killAll());

interface ConsumerPage {
  readonly consumers: readonly {
    readonly name: string;
    readonly num_pending: number;
    readonly num_ack_pending: number;
    readonly cluster?: { readonly leader?: string };
  }[];
}

/** The consumers of a store; none while there is no answer. */
async function consumersOf(raw: RawNats, name: string): Promise<ConsumerPage['consumers']> {
  const page = await raw.api<Partial<ConsumerPage>>(`CONSUMER.LIST.${name}`).catch(() => undefined);
  return page?.consumers ?? [];
}

async function isDone(raw: RawNats, name: string): Promise<boolean> {
  const consumers = await consumersOf(raw, name);
  const isFree = consumers.every((each) => each.num_pending + each.num_ack_pending === 0);
  return consumers.length > 0 && isFree;
}

/** Appends to all streams until it is told to end. @returns the last version. */
async function fill(store: JetStreamEventStore, signal: AbortSignal): Promise<number> {
  let version = 0;
  while (!signal.aborted) {
    version += 1;
    await Promise.all(
      Array.from({ length: STREAMS }, async (_, id) => store.append(`count/${id}`, counted(version))),
    );
    await sleep(PACE_MS);
  }
  return version;
}

describe('instances of a service on three nodes', () => {
  it('keep the order of streams while leaders step down, a node is killed, and an instance is killed', async () => {
    const name = uniqueStoreName();
    const servers = [...cluster.urls];
    const store = await openStore({ servers, name, events: [Counted], replicas: 3 });
    await using raw = await RawNats.open(servers[0], { servers });
    const one = await noted.start(servers.join(','), name, 1, 3);
    const other = await noted.start(servers.join(','), name, 1, 3);
    const ending = new AbortController();
    const filling = fill(store, ending.signal);
    await until('it works', () => noted.begunBy(one) + noted.begunBy(other) > 100, PATIENCE_MS);

    for (let n = 0; n < 2; n += 1) {
      const begun = noted.begunBy(one) + noted.begunBy(other);
      const [consumer] = await consumersOf(raw, name);
      await raw.api(`CONSUMER.LEADER.STEPDOWN.${name}.${consumer?.name}`);
      await until('it goes on', () => noted.begunBy(one) + noted.begunBy(other) > begun + 50, PATIENCE_MS);
    }

    const [led] = await consumersOf(raw, name);
    const leader = Number(led?.cluster?.leader?.slice(1)) - 1;
    await cluster.kill(leader, 'SIGKILL');
    const begun = noted.begunBy(one) + noted.begunBy(other);
    await until('it goes on', () => noted.begunBy(one) + noted.begunBy(other) > begun + 50, PATIENCE_MS);

    const [owner, heir] = noted.begunBy(one) > noted.begunBy(other) ? [one, other] : [other, one];
    const before = noted.begunBy(heir);
    await noted.kill(owner);
    await until('the other goes on', () => noted.begunBy(heir) > before + 50, PATIENCE_MS);
    ending.abort();
    const versions = await filling;
    await until('all is handled', async () => isDone(raw, name), PATIENCE_MS);
    const { faults, handled, repeated } = noted.calls;
    expect(faults).toEqual([]);
    expect(handled.size).toBe(STREAMS * versions);
    // acknowledgements that the node and the instance took with them
    expect(repeated).toBeLessThan(300);
    await cluster.restart(leader);
  }, 400_000);
});
