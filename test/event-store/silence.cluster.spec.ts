import { streamName } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { openStore } from '../shared-server.js';
import { collect, until } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';
import { openClient, uniqueStream } from '../transport/shared-client.js';
import { listener, startService } from '../transport/shared-service.js';

/** What a frozen node may cost that leads nothing, with slack for a machine that is busy. */
const HEALED_MS = 8_000;

const order = streamName('order', '1');
let cluster: NatsCluster;
let frozen: number | undefined;

beforeAll(async () => {
  cluster = await startNatsCluster();
}, 180_000);

afterEach(() => {
  if (frozen !== undefined) cluster.signal(frozen, 'SIGCONT');
  frozen = undefined;
});

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

/** The URLs of the nodes, beginning with one of them: that is the one which is connected. */
function urlsFrom(index: number): string[] {
  return [...cluster.urls.slice(index), ...cluster.urls.slice(0, index)];
}

/** Lets another node lead, where it is this one. */
async function leadElsewhere(what: 'STREAM' | 'CONSUMER', path: string, index: number): Promise<void> {
  interface Info {
    readonly cluster?: { readonly leader?: string };
  }
  await using raw = await RawNats.open(cluster.urls[index]);
  await until(
    `${path} has its leader elsewhere`,
    async () => {
      const { cluster: told } = await raw
        .api<Info>(`${what}.INFO.${path}`)
        .catch(() => ({ cluster: {} }) as Info);
      if (told?.leader !== undefined && told.leader !== `n${index + 1}`) return true;
      await raw.api(`${what}.LEADER.STEPDOWN.${path}`).catch(() => undefined);
      return false;
    },
    30_000,
  );
}

async function ms(work: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work;
  return performance.now() - begun;
}

describe('a node that freezes while clients are connected to it', () => {
  it('is left within 5 s by appends, reads, subscriptions and the transport', async () => {
    const servers = urlsFrom(0);
    const store: JetStreamEventStore = await openStore({
      servers,
      noRandomize: true,
      name: 'shop',
      replicas: 3,
      events: ORDER_EVENTS,
    });
    const elsewhere = await openStore({
      servers: urlsFrom(1),
      noRandomize: true,
      name: 'shop',
      events: ORDER_EVENTS,
    });
    await store.append(order, counted(1));
    const streamConfig = uniqueStream({ num_replicas: 3 });
    const { name } = streamConfig;
    const handled: number[] = [];
    await startService(name, [listener(`${name}.n`, (number) => handled.push(Number(number)))], {
      connectionOptions: { servers, noRandomize: true, name },
      streamConfig,
      // an event that went to the frozen node comes again after this
      consumerOptions: { ackWait: 2_000 },
      deadLetters: { num_replicas: 3 },
    });
    const client = openClient({
      connectionOptions: { servers, noRandomize: true },
      jetStreamOptions: { timeout: 30_000 },
    });
    await client.emitMany(`${name}.n`, [1]);
    await until('the first is handled', () => handled.length === 1);
    const heard: number[] = [];
    await using subscription = store.subscribe({
      onEvent: ({ data }) => void heard.push((data as Counted).n),
    });
    await until('it has caught up', () => subscription.caughtUp);
    await leadElsewhere('STREAM', 'shop', 0);
    await leadElsewhere('STREAM', name, 0);
    await leadElsewhere('CONSUMER', `${name}.${name}-${name}_n`, 0);

    frozen = 0;
    cluster.signal(0, 'SIGSTOP');
    const took = await Promise.all([
      ms(store.append(order, counted(2))),
      ms(collect(store.read(order))),
      ms(collect(store.readAll())),
      ms(client.emitMany(`${name}.n`, [2])),
      ms(until('the event is heard', () => heard.includes(2), 30_000)),
    ]);
    expect(Math.max(...took)).toBeLessThan(HEALED_MS);
    await until('the event is handled', () => handled.includes(2), 30_000);
    expect((await collect(elsewhere.read(order))).map(({ data }) => (data as Counted).n)).toEqual([1, 2]);
    expect(heard).toEqual([1, 2]);
  }, 120_000);
});
