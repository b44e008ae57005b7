import { existsSync } from 'node:fs';

import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import { startNatsCluster } from '../../src/testing/start-nats-cluster.js';
import { requestReply } from './request-reply.js';

describe('startNatsCluster', () => {
  let cluster: NatsCluster;

  beforeAll(async () => {
    cluster = await startNatsCluster();
  }, 180_000);

  afterAll(async () => {
    await cluster?.stop();
  }, 60_000);

  it('answers JetStream requests on every server', async () => {
    expect(new Set(cluster.urls).size).toBe(3);
    for (const url of cluster.urls) {
      expect(await requestReply(url, '$JS.API.INFO')).toMatchObject({ streams: 0 });
    }
  });

  it('keeps a replicated stream while its leader is dead, and takes it back', async () => {
    const created = await requestReply(cluster.url, '$JS.API.STREAM.CREATE.S', {
      name: 'S',
      subjects: ['s'],
      num_replicas: 3,
    });
    expect(created).toMatchObject({ config: { num_replicas: 3 } });
    const leader = await cluster.ready();
    const urls = cluster.urls;

    await cluster.kill(leader);
    const next = await cluster.ready();
    expect(next).not.toBe(leader);
    expect(await requestReply(urls[next] ?? '', '$JS.API.STREAM.INFO.S')).toMatchObject({
      state: { messages: 0 },
    });

    await cluster.restart(leader);
    expect(cluster.urls).toEqual(urls);
  }, 60_000);

  it('removes all store folders at stop', async () => {
    const folders = cluster.servers.map((server) => server.storeDir ?? '');
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true, true]);
    await cluster.stop();
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, false]);
  }, 30_000);
});
