import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import type { NatsConsumerOptions } from '../../src/transport/consumer-options.js';
import type { NatsStreamConfig } from '../../src/transport/stream-config.js';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { jetStreamSnapshots } from '../../src/snapshot-store/jetstream-snapshots.js';
import { until } from '../support/collect.js';
import { RawNats } from '../support/raw-nats.js';
import { uniqueStoreName } from '../support/server-url.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

let cluster: NatsCluster;

beforeAll(async () => {
  cluster = await startNatsCluster();
}, 180_000);

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

/** What the two instances of a service have handled, in order. */
type Handled = number[];

/** Two instances of a service that handle the numbers of a stream with three replicas. */
async function listen(
  streamConfig: NatsStreamConfig & { name: string },
  service: string,
  consumerOptions: NatsConsumerOptions,
): Promise<Handled> {
  const name = `${streamConfig.name}-${service}`;
  const handled: Handled = [];
  for (let instance = 0; instance < 2; instance += 1) {
    await startService(name, [listener(`${streamConfig.name}.n`, (number) => handled.push(Number(number)))], {
      connectionOptions: { servers: cluster.url, name },
      streamConfig,
      consumerOptions: { ackWait: 2_000, ...consumerOptions },
    });
  }
  return handled;
}

/** Emits numbers one after the other. */
async function emit(stream: string, from: number, to: number): Promise<void> {
  const client = openClient({
    connectionOptions: { servers: cluster.url },
    jetStreamOptions: { timeout: 60_000 },
  });
  await client.emitMany(`${stream}.n`, range(from, to), { maxInFlight: 1 });
}

function distinct(handled: Handled): number[] {
  return [...new Set(handled)];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('what jetsource makes beside a stream of three replicas', () => {
  it('has three replicas, too: the dead letters', async () => {
    const streamConfig = uniqueStream({ num_replicas: 3 });
    await listen(streamConfig, 'mail', {});
    expect(await replicasOf(`${streamConfig.name}-mail-dead-letters`)).toBe(3);
  });

  it('has three replicas, too: the snapshots', async () => {
    const name = uniqueStoreName();
    await using store = await connectEventStore({ servers: cluster.url, name, replicas: 3, events: [] });
    await jetStreamSnapshots(store);
    expect(await replicasOf(`${name}~snapshots`)).toBe(3);
  });
});

async function replicasOf(stream: string): Promise<number | undefined> {
  await using raw = await RawNats.open(cluster.url);
  const { config } = await raw.api<{ config: { num_replicas: number } }>(`STREAM.INFO.${stream}`);
  return config.num_replicas;
}

describe('event handlers on three replicas', () => {
  it('lose no events, and repeat few, when leaders of stream and consumer step down', async () => {
    const streamConfig = uniqueStream({ num_replicas: 3 });
    const { name } = streamConfig;
    const handled = await listen(streamConfig, 'shared', { concurrency: 8 });
    await using raw = await RawNats.open(cluster.url);
    const emitting = emit(name, 1, 1_500);
    for (let round = 1; round <= 3; round += 1) {
      await until('some are handled', () => handled.length > round * 200, 30_000);
      await raw.api(`CONSUMER.LEADER.STEPDOWN.${name}.${name}-shared-${name}_n`);
      await raw.api(`STREAM.LEADER.STEPDOWN.${name}`);
    }
    await emitting;
    await until('all are handled', () => distinct(handled).length === 1_500, 60_000);
    expect(handled.length).toBeLessThan(1_900);
  }, 120_000);

  it('lose no events when the leader is killed and restarted: shared, in strict order and broadcast', async () => {
    const streamConfig = uniqueStream({ num_replicas: 3 });
    const { name } = streamConfig;
    const shared = await listen(streamConfig, 'shared', { concurrency: 8 });
    const ordered = await listen(streamConfig, 'ordered', { orderedConsumer: true });
    const broadcast = await listen(streamConfig, 'broadcast', { durable: false });
    const emitting = emit(name, 1, 1_500);
    await until(
      'some are handled',
      () => [shared, ordered, broadcast].every(({ length }) => length > 300),
      30_000,
    );
    const leader = await leaderOf(name);
    await cluster.kill(leader);
    await emitting;
    await cluster.restart(leader);
    await emit(name, 1_501, 1_600);
    for (const handled of [shared, ordered])
      await until('all are handled', () => distinct(handled).length === 1_600, 60_000);
    await until('both instances have all', () => broadcast.length >= 3_200, 60_000);
    expect(shared.length).toBeLessThan(2_000);
    expect(distinct(ordered)).toEqual(range(1, 1_600));
    for (const number of range(1, 1_600))
      expect(broadcast.filter((other) => other === number).length).toBeGreaterThan(1);
    expect(broadcast.length).toBeLessThan(3_250);
  }, 180_000);
});

/** Number of the server that leads a stream. */
async function leaderOf(stream: string): Promise<number> {
  await using raw = await RawNats.open(cluster.url);
  const { cluster: info } = await raw.api<{ cluster: { leader: string } }>(`STREAM.INFO.${stream}`);
  return Number(info.leader.slice(1)) - 1;
}
