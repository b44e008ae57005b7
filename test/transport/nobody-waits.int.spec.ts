import { lastValueFrom } from 'rxjs';
import { until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { emitNumbers, onlyConsumer, pause, raw, untilAcknowledged } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { deadLetters, listener, startService } from './shared-service.js';

/** Emits `<stream>.<key>` for each of the keys, with its number as the payload. */
async function emitKeys(stream: string, keys: readonly string[]): Promise<void> {
  const client = openClient();
  const acks = keys.map(async (key, index) => lastValueFrom(client.emit(`${stream}.${key}`, index)));
  await Promise.all(acks);
}

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('an event that takes long', () => {
  it('keeps no other event from an instance that is idle', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[][] = [[], []];
    let release: () => void = () => undefined;
    const start = async (instance: number) =>
      startService(
        name,
        [
          listener(`${name}.n`, async (number) => {
            // one of the first instance takes long, once it has seen that they are quick
            if (instance === 0 && seen[0]?.length === 200)
              await new Promise<void>((resolve) => (release = resolve));
            seen[instance]?.push(number);
          }),
        ],
        { streamConfig },
      );
    const { server } = await start(0);
    await emitKeys(
      name,
      numbersTo(1_000).map(() => 'n'),
    );
    await until('the first instance is held up', () => seen[0]?.length === 200);
    await start(1);
    await until('the second one has the others', () => seen.flat().length === 999);
    const [consumer] = server.health().consumers;
    expect(consumer?.longestCall).toMatchObject({ subject: `${name}.n`, since: expect.any(Date) });
    release();
    await untilAcknowledged(name, 1_000);
    expect(new Set(seen.flat()).size).toBe(1_000);
  });

  it('uses up no attempts of those that waited, and keeps their order', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const begun: unknown[] = [];
    const ends: (() => void)[] = [];
    await startService(
      name,
      [
        listener(`${name}.n`, async (number) => {
          begun.push(number);
          if (Number(number) > 300) await new Promise<void>((resolve) => ends.push(resolve));
        }),
      ],
      { streamConfig, consumerOptions: { maxDeliver: 1 } },
    );
    await emitNumbers(name, 320);
    for (const count of [301, 302, 303, 304]) {
      await until('it is held up', () => begun.length === count);
      await pause(700);
      ends.shift()?.();
    }
    await until('it goes on', () => begun.length === 305);
    expect(begun).toEqual(numbersTo(305));
    for (let left = 305; left <= 320; left += 1) {
      await until('it is held up', () => ends.length > 0);
      ends.shift()?.();
    }
    await untilAcknowledged(name, 320);
  });
});

describe('a handler that does not return', () => {
  it('has failed after its time limit, and the event becomes a dead letter that says so', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(
      name,
      [
        listener(`${name}.n`, async (number) => {
          seen.push(number);
          if (number === 1) await new Promise(() => undefined);
        }),
      ],
      { streamConfig, consumerOptions: { handlerTimeout: 100, maxDeliver: 2, backoff: [50] } },
    );
    await emitNumbers(name, 3);
    const [letter] = await deadLetters(name, 1);
    expect(letter).toMatchObject({ sequence: 1, attempts: 2, error: { name: 'HandlerTimeoutError' } });
    await untilAcknowledged(name, 3);
    expect(seen.filter((number) => number === 1)).toHaveLength(2);
  });

  it('is shown by the health, with the event and since when', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let release: () => void = () => undefined;
    const { server } = await startService(
      name,
      [listener(`${name}.n`, async () => new Promise<void>((resolve) => (release = resolve)))],
      { streamConfig },
    );
    expect(server.health().consumers).toMatchObject([{ pattern: `${name}.n`, longestCall: undefined }]);
    const before = Date.now();
    await emitNumbers(name, 1);
    await until('it is called', () => server.health().consumers[0]?.longestCall !== undefined);
    const call = server.health().consumers[0]?.longestCall;
    expect(call).toMatchObject({ subject: `${name}.n`, sequence: 1 });
    expect(Number(call?.since)).toBeGreaterThanOrEqual(before - 100);
    release();
    await until('it has returned', () => server.health().consumers[0]?.longestCall === undefined);
  });
});

describe('with orderedBy, events whose handler fails', () => {
  it('hold up those of their keys only, also when there are far more of them than places', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = new Map<string, unknown[]>();
    const isFailing = (key: string): boolean => Number(key) < 100;
    let mayFail = true;
    const { server } = await startService(
      name,
      [
        listener(`${name}.*`, (number, context) => {
          const key = context.getSubject().slice(name.length + 1);
          if (mayFail && isFailing(key)) throw new Error('not yet');
          seen.set(key, [...(seen.get(key) ?? []), number]);
        }),
      ],
      {
        streamConfig,
        consumerOptions: { orderedBy: 'subject', concurrency: 8, backoff: [1_000], maxDeliver: -1 },
      },
    );
    const keys = Array.from({ length: 2_000 }, (_, index) => String(index % 1_000));
    await emitKeys(name, keys);
    const handled = (): number => [...seen.values()].flat().length;
    await until('all healthy ones are handled', () => handled() === 1_800);
    expect(server.health().consumers[0]?.waiting).toBe(200);
    mayFail = false;
    await untilAcknowledged(name, 2_000);
    expect([...seen.values()].every(([first, second]) => Number(first) < Number(second))).toBe(true);
    expect(server.health().consumers[0]?.waiting).toBe(0);
  });

  it('may have more than a thousand events after them, which are handled in order in the end', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    const others: unknown[] = [];
    let mayFail = true;
    await startService(
      name,
      [
        listener(`${name}.*`, (number, context) => {
          if (!context.getSubject().endsWith('.bad')) return others.push(number);
          if (mayFail) throw new Error('not yet');
          return seen.push(context.message.seq);
        }),
      ],
      {
        streamConfig,
        consumerOptions: { orderedBy: 'subject', concurrency: 4, backoff: [500], maxDeliver: -1 },
      },
    );
    await emitKeys(
      name,
      Array.from({ length: 1_200 }, () => 'bad'),
    );
    await emitKeys(
      name,
      Array.from({ length: 20 }, (_, index) => `good-${index}`),
    );
    await until('the others are handled', () => others.length === 20);
    expect(seen).toEqual([]);
    mayFail = false;
    await untilAcknowledged(name, 1_220);
    expect(seen).toEqual(numbersTo(1_200));
  });
});

describe('events in back-off', () => {
  it('stop no others, even if there are more than a thousand', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let failed = 0;
    const seen: unknown[] = [];
    await startService(
      name,
      [
        listener(`${name}.*`, (number, context) => {
          if (context.getSubject().endsWith('.good')) return seen.push(number);
          failed += 1;
          throw new Error('not yet');
        }),
      ],
      { streamConfig, consumerOptions: { concurrency: 8, backoff: [600_000] } },
    );
    await emitKeys(
      name,
      Array.from({ length: 1_500 }, () => 'bad'),
    );
    await emitKeys(name, ['good']);
    await until('it is handled', () => seen.length === 1);
    expect(failed).toBe(1_500);
  });

  it('that reach max_ack_pending are shown by the health', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const { server } = await startService(
      name,
      [
        listener(`${name}.*`, () => {
          throw new Error('not yet');
        }),
      ],
      { streamConfig, consumerOptions: { maxAckPending: 5, backoff: [600_000] } },
    );
    await emitNumbers(name, 6);
    await until('it is shown', () => server.health().consumers[0]?.problem !== undefined);
    expect(server.health().consumers).toMatchObject([
      { state: 'running', problem: expect.stringContaining('max_ack_pending') },
    ]);
  });

  it('may be no more than the stream allows', async () => {
    const streamConfig = uniqueStream({ consumer_limits: { max_ack_pending: 10 } });
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], { streamConfig });
    await emitNumbers(name, 1);
    await untilAcknowledged(name, 1);
    expect((await onlyConsumer(name)).config['max_ack_pending']).toBeLessThanOrEqual(10);
  });
});

describe('a claim', () => {
  it('is renewed at the pace of another ackWait that another instance has set', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let calls = 0;
    const controllers = [
      listener(`${name}.n`, async () => {
        calls += 1;
        await pause(9_000);
      }),
    ];
    await startService(name, controllers, { streamConfig, consumerOptions: { ackWait: 30_000 } });
    await emitNumbers(name, 1);
    await until('it is called', () => calls === 1);
    await startService(name, controllers, { streamConfig, consumerOptions: { ackWait: 4_000 } });
    await untilAcknowledged(name, 1);
    expect(calls).toBe(1);
  }, 20_000);

  it('that runs out while the handler blocks the process leads to no second call', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(
      name,
      [
        listener(`${name}.n`, async (number) => {
          seen.push(number);
          const end = performance.now() + 700;
          while (performance.now() < end);
          await pause(100);
        }),
      ],
      { streamConfig, consumerOptions: { ackWait: 300, concurrency: 2 } },
    );
    await emitNumbers(name, 2);
    await untilAcknowledged(name, 2);
    await pause(500);
    expect(seen).toEqual([1, 2]);
  });
});

describe('a stream that is gone', () => {
  it('is made again by a running server, and its events are handled from the first', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    const { server } = await startService(
      name,
      [listener(`${name}.n`, (number) => seen.push(number)), listener(`${name}.m`, () => undefined)],
      { streamConfig, consumerOptions: { deliverPolicy: 'new' } },
    );
    await emitNumbers(name, 3);
    await until('they are handled', () => seen.length === 3);
    await raw.api(`STREAM.DELETE.${name}`);
    await until('it is there again', async () => (await raw.consumers(name)).length === 2);
    await emitNumbers(name, 2);
    await until('they are handled', () => seen.length === 5);
    expect(seen).toEqual([1, 2, 3, 1, 2]);
    await until('the server is healthy', () => server.health().isHealthy);
  });

  it('is made again by the emits of a client that has configured it', async () => {
    const streamConfig = uniqueStream({ storage: 'memory' });
    const { name } = streamConfig;
    const client = openClient({ connectionOptions: { servers: sharedServerUrl() }, streamConfig });
    await lastValueFrom(client.emit(`${name}.n`, 1));
    await raw.api(`STREAM.DELETE.${name}`);
    expect(await lastValueFrom(client.emit(`${name}.n`, 2))).toMatchObject({ stream: name, seq: 1 });
    await expect(lastValueFrom(client.emit('elsewhere.n', 2))).rejects.toMatchObject({
      code: 'jetstream-not-found',
    });
  });
});

describe('many handlers', () => {
  it('have one consumer each, and those of redriven events only while there are some', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const controllers = Array.from({ length: 20 }, (_, index) =>
      listener(`${name}.h${index}`, () => undefined),
    );
    await startService(name, controllers, { streamConfig });
    await pause(1_500);
    expect(await raw.consumers(name)).toHaveLength(20);
    expect(await raw.consumers(`${name}-dead-letters`)).toEqual([]);
  });
});
