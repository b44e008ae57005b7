import { lastValueFrom } from 'rxjs';
import { until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import {
  consumerState,
  emitFirst,
  emitNumbers,
  onlyConsumer,
  pause,
  raw,
  untilAcknowledged,
} from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

describe('a push consumer', () => {
  it('delivers below the prefix of deliverTo, each event to one instance of the service', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[][] = [[], []];
    const start = async (instance: number) =>
      startService(name, [listener(`${name}.n`, (number) => seen[instance]?.push(number))], {
        streamConfig,
        consumerOptions: { deliverTo: `${name}-inbox` },
      });
    await start(0);
    await start(1);
    await emitNumbers(name, 30);
    await untilAcknowledged(name, 30);
    expect(seen.flat().sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    expect(seen.every((numbers) => numbers.length > 0)).toBe(true);
    const { config } = await onlyConsumer(name);
    expect(config['deliver_subject']).toMatch(new RegExp(`^${name}-inbox\\.`));
  });

  it('delivers to deliverToSubject in the group of deliverGroup', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      streamConfig,
      consumerOptions: { deliverToSubject: `${name}-to.me`, deliverGroup: 'us' },
    });
    await emitNumbers(name, 3);
    await untilAcknowledged(name, 3);
    expect(seen).toEqual([1, 2, 3]);
    expect((await onlyConsumer(name)).config).toMatchObject({
      deliver_subject: `${name}-to.me`,
      deliver_group: 'us',
    });
  });

  it('cannot have one deliverToSubject for several handlers', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const handlers = ['a', 'b'].map((suffix) => listener(`${name}.${suffix}`, () => undefined));
    await expect(
      startService(name, handlers, { streamConfig, consumerOptions: { deliverToSubject: `${name}-to.me` } }),
    ).rejects.toMatchObject({ code: 'invalid-option', option: 'consumerOptions.deliverToSubject' });
  });

  it('pauses with flow control, is limited in bits per second, and is created again without heartbeats', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await emitFirst(streamConfig, 50);
    await startService(
      name,
      [
        listener(`${name}.n`, async (number) => {
          seen.push(number);
          await pause(1);
        }),
      ],
      {
        streamConfig,
        consumerOptions: { flowControl: true, idleHeartbeat: 200, limit: 800_000, durable: 'mine' },
      },
    );
    await untilAcknowledged(name, 50);
    const { name: consumer, config } = await onlyConsumer(name);
    expect(config).toMatchObject({
      flow_control: true,
      idle_heartbeat: 200_000_000,
      rate_limit_bps: 800_000,
    });
    await raw.api(`CONSUMER.DELETE.${name}.${consumer}`);
    await until('it is there again', async () => (await raw.consumers(name)).length === 1);
    await emitNumbers(name, 1);
    await untilAcknowledged(name, 51);
    expect(seen.at(-1)).toBe(1);
  });

  it('is created again when it was deleted, with and without heartbeats', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      streamConfig,
      consumerOptions: { deliverTo: `${name}-inbox`, deliverPolicy: 'new' },
    });
    await raw.api(`CONSUMER.DELETE.${name}.${(await onlyConsumer(name)).name}`);
    await until('it is there again', async () => (await raw.consumers(name)).length === 1);
    await emitNumbers(name, 1);
    await untilAcknowledged(name, 1);
    expect(seen).toEqual([1]);
  });
});

describe('a durable consumer', () => {
  it.each(['all', 'new'] as const)(
    'continues where it was when it was deleted (%s)',
    async (deliverPolicy) => {
      const streamConfig = uniqueStream();
      const { name } = streamConfig;
      const seen: unknown[] = [];
      const { server } = await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
        streamConfig,
        consumerOptions: { deliverPolicy },
      });
      await emitNumbers(name, 2);
      await untilAcknowledged(name, 2);
      await raw.api(`CONSUMER.DELETE.${name}.${(await onlyConsumer(name)).name}`);
      await emitNumbers(name, 3);
      await until('it has continued', () => seen.length >= 5);
      await untilAcknowledged(name, 5);
      expect(seen).toEqual([1, 2, 1, 2, 3]);
      expect(server.health()).toMatchObject({
        isHealthy: true,
        consumers: [{ problem: expect.any(String) }],
      });
    },
  );

  it('continues where all of its instances were when it was deleted', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    const controllers = [listener(`${name}.n`, (number) => seen.push(number))];
    await startService(name, controllers, { streamConfig });
    await startService(name, controllers, { streamConfig });
    await emitNumbers(name, 20);
    await untilAcknowledged(name, 20);
    // both have looked at the consumer since
    await pause(5_000);
    await raw.api(`CONSUMER.DELETE.${name}.${(await onlyConsumer(name)).name}`);
    await emitNumbers(name, 1);
    await until('it has continued', async () => (await raw.consumers(name)).length === 1);
    await untilAcknowledged(name, 21);
    expect(seen).toHaveLength(21);
  }, 20_000);

  it('continues at its position after its server was unreachable', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await using proxy = await TcpProxy.to(Number(new URL(sharedServerUrl()).port));
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      connectionOptions: { servers: proxy.url, name },
      streamConfig,
    });
    await emitNumbers(name, 2);
    await untilAcknowledged(name, 2);
    proxy.cut();
    await emitNumbers(name, 2);
    await untilAcknowledged(name, 4);
    expect(seen).toEqual([1, 2, 1, 2]);
  });

  it('gets the settings of the latest deploy, and keeps its position', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    const controllers = [listener(`${name}.n`, (number) => seen.push(number))];
    const { app } = await startService(name, controllers, {
      streamConfig,
      consumerOptions: { ackWait: 1_000, maxAckPending: 5, startSequence: 1 },
    });
    await emitNumbers(name, 2);
    await untilAcknowledged(name, 2);
    await app.close();
    await startService(name, controllers, {
      consumerOptions: { ackWait: 9_000, maxAckPending: 50, deliverPolicy: 'new', description: 'of today' },
    });
    await emitNumbers(name, 1);
    await untilAcknowledged(name, 3);
    expect(seen).toEqual([1, 2, 1]);
    expect((await onlyConsumer(name)).config).toMatchObject({
      ack_wait: 9_000_000_000,
      max_ack_pending: 50,
      description: 'of today',
      deliver_policy: 'by_start_sequence',
    });
  });

  it('is left unchanged when the server refuses a change, and the error says what to do', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const controllers = [listener(`${name}.n`, () => undefined)];
    const { app } = await startService(name, controllers, { streamConfig });
    await app.close();
    await expect(
      startService(name, controllers, { consumerOptions: { ackPolicy: 'none' } }),
    ).rejects.toMatchObject({
      code: 'consumer-settings',
      stream: name,
      consumer: `${name}-${name}_n`,
      message: expect.stringMatching(/ack_policy.*nats consumer rm/),
    });
    expect((await onlyConsumer(name)).config['ack_policy']).toBe('explicit');
  });

  it('is used as it is with bind, and must exist', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await emitFirst(streamConfig, 2);
    const controllers = [
      listener(`${name}.n`, (number) => seen.push(number), { consumer: { durable: 'theirs', bind: true } }),
    ];
    await expect(startService(name, controllers)).rejects.toMatchObject({
      code: 'consumer-settings',
      consumer: 'theirs',
    });
    const config = {
      durable_name: 'theirs',
      ack_policy: 'explicit',
      filter_subject: `${name}.n`,
      ack_wait: 7_000_000_000,
    };
    await raw.api(`CONSUMER.CREATE.${name}.theirs.${name}.n`, {
      stream_name: name,
      config: { ...config, name: 'theirs' },
      action: 'create',
    });
    await startService(name, controllers, { consumerOptions: { ackWait: 1_000 } });
    await untilAcknowledged(name, 2);
    expect(seen).toEqual([1, 2]);
    expect((await consumerState(name, 'theirs')).config).toMatchObject(config);
  });

  it('of the older transport is continued', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await emitFirst(streamConfig, 3);
    const legacy = `shop-${name}__ALL`;
    await raw.api(`CONSUMER.CREATE.${name}.${legacy}.${name}.*`, {
      stream_name: name,
      config: {
        name: legacy,
        durable_name: legacy,
        deliver_policy: 'by_start_sequence',
        opt_start_seq: 3,
        deliver_subject: `_INBOX.${name}`,
        deliver_group: 'shop',
        ack_policy: 'explicit',
        filter_subject: `${name}.*`,
      },
      action: 'create',
    });
    await startService(
      name,
      [
        listener(`${name}.*`, (number) => seen.push(number)),
        listener(`${name}.>`, (number) => seen.push(`rest ${String(number)}`)),
      ],
      {
        consumerOptions: { durable: 'shop', deliverTo: 'inbox', deliverGroup: 'shop', deliverPolicy: 'new' },
      },
    );
    await until('it has come', () => seen.length > 0);
    await pause(50);
    expect(seen).toEqual([3]);
    expect((await raw.consumers(name)).sort()).toEqual([legacy, `shop-${name}_=rest`].sort());
  });
});

describe('a broadcast', () => {
  it('continues without gap or repetition when its consumer was deleted', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      streamConfig,
      consumerOptions: { durable: false },
    });
    await emitNumbers(name, 2);
    await untilAcknowledged(name, 2);
    await raw.api(`CONSUMER.DELETE.${name}.${(await onlyConsumer(name)).name}`);
    const client = openClient();
    for (const number of [3, 4, 5]) await lastValueFrom(client.emit(`${name}.n`, number));
    await until('the others have come', () => seen.length >= 5);
    await pause(100);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a broadcast that has had no event yet', () => {
  it('misses none when its consumer is gone, as after a restart of the server', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await emitFirst(streamConfig, 2);
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      consumerOptions: { durable: false },
    });
    await raw.api(`CONSUMER.DELETE.${name}.${(await onlyConsumer(name)).name}`);
    await emitNumbers(name, 4);
    await until('they have come', () => seen.length >= 4);
    await untilAcknowledged(name, 6);
    expect(seen).toEqual([1, 2, 3, 4]);
  });
});

describe('a pattern', () => {
  it('that no JetStream stream captures is refused', async () => {
    const { name } = uniqueStream();
    await expect(startService(name, [listener(`${name}.n`, () => undefined)])).rejects.toMatchObject({
      code: 'jetstream-not-found',
      message: expect.stringContaining('streamConfig'),
    });
  });

  it('that several JetStream streams capture requires the name of one', async () => {
    const { name } = uniqueStream();
    const seen: unknown[] = [];
    const streamConfig = ['a', 'b'].map((suffix) => ({
      name: `${name}-${suffix}`,
      subjects: [`${name}.${suffix}`],
    }));
    const controllers = [listener(`${name}.*`, (_, context) => seen.push(context.getSubject()))];
    await expect(startService(name, controllers, { streamConfig })).rejects.toMatchObject({
      code: 'jetstream-not-found',
      message: expect.stringContaining(`${name}-a, ${name}-b`),
    });
    await startService(name, controllers, { streamConfig, consumerOptions: { stream: `${name}-b` } });
    await emitNumbers(name, 1, 'a');
    await emitNumbers(name, 1, 'b');
    await until('it has come', () => seen.length > 0);
    expect(seen).toEqual([`${name}.b`]);
  });
});
