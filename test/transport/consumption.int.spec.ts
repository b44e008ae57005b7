import { lastValueFrom } from 'rxjs';
import { qualifiedDurableName } from '../../src/reaction/consumer/durable-name.js';
import { until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
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
import { deadLetters, listener, startService } from './shared-service.js';

describe('patterns', () => {
  it('can be wildcards, objects and words, and each of overlapping ones gets the event', async () => {
    const { name } = uniqueStream();
    const streamConfig = { name, subjects: [`${name}.>`, `{"${name}":"created"}`] };
    const seen: string[] = [];
    const note = (handler: string) => (_: unknown, context: { getSubject(): string }) =>
      seen.push(`${handler} ${context.getSubject().replace(name, '…')}`);
    await startService(
      name,
      [
        listener(`${name}.created`, note('exact')),
        listener(`${name}.*`, note('star')),
        listener(`${name}.>`, note('rest')),
        listener({ [name]: 'created' }, note('object')),
      ],
      { streamConfig },
    );
    const client = openClient();
    await lastValueFrom(client.emit(`${name}.created`, 1));
    await lastValueFrom(client.emit(`${name}.a.b`, 1));
    await lastValueFrom(client.emit({ [name]: 'created' }, 1));
    await until('all have come', () => seen.length >= 5);
    await pause(100);
    expect(seen.sort()).toEqual([
      'exact ….created',
      'object {"…":"created"}',
      'rest ….a.b',
      'rest ….created',
      'star ….created',
    ]);
    expect((await raw.consumers(name)).length).toBe(4);
  });

  it('that are equal have a consumer for each handler: only the one that fails is called again', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const calls = { fine: 0, flaky: 0 };
    await startService(
      name,
      [
        listener(`${name}.created`, () => (calls.fine += 1)),
        listener(
          `${name}.created`,
          () => {
            calls.flaky += 1;
            if (calls.flaky < 3) throw new TypeError('not yet');
          },
          { name: 'flaky' },
        ),
      ],
      { streamConfig, consumerOptions: { backoff: [10] } },
    );
    await lastValueFrom(openClient().emit(`${name}.created`, 1));
    await until('the second has succeeded', () => calls.flaky === 3);
    expect(calls.fine).toBe(1);
    expect((await raw.consumers(name)).sort()).toEqual(
      ['Listener.on', 'flaky']
        .map((handler) => qualifiedDurableName({ service: name, label: `${name}.created`, handler }))
        .sort(),
    );
  });

  it('that are regular expressions are refused', async () => {
    const { name } = uniqueStream();
    await expect(startService(name, [listener(/order/ as never, () => undefined)])).rejects.toMatchObject({
      code: 'invalid-option',
      option: 'pattern',
    });
  });
});

describe('options of one handler', () => {
  it('take precedence over those of the server', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await startService(
      name,
      [
        listener(`${name}.a`, () => undefined),
        listener(`${name}.b`, () => undefined, { consumer: { ackWait: 2_000, durable: 'the-name' } }),
      ],
      { streamConfig, consumerOptions: { ackWait: 4_000, maxAckPending: 7, description: 'mine' } },
    );
    expect((await consumerState(name, `${name}-${name}_a`)).config).toMatchObject({
      ack_wait: 4_000_000_000,
      max_ack_pending: 7,
      description: 'mine',
    });
    expect((await consumerState(name, 'the-name')).config).toMatchObject({
      ack_wait: 2_000_000_000,
      max_ack_pending: 7,
    });
  });
});

describe('instances', () => {
  it('of one service share its events, and another service gets its own copy', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = { one: [] as unknown[], two: [] as unknown[], other: [] as unknown[] };
    const collecting = (who: keyof typeof seen) =>
      listener(`${name}.n`, async (number) => {
        seen[who].push(number);
        await pause(5);
      });
    await startService(name, [collecting('one')], { streamConfig });
    await startService(name, [collecting('two')], { streamConfig });
    await startService(`${name}-other`, [collecting('other')]);
    await emitNumbers(name, 40);
    await until('all are handled', () => seen.one.length + seen.two.length >= 40 && seen.other.length >= 40);
    const shared = [...seen.one, ...seen.two].sort((a, b) => Number(a) - Number(b));
    expect(shared).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(seen.other).toEqual(shared);
    expect(seen.one.length).toBeGreaterThan(4);
    expect(seen.two.length).toBeGreaterThan(4);
  });

  it('each get every event of a broadcast from their start on, and delete their consumer in the end', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: string[] = [];
    const start = async (who: string) =>
      startService(name, [listener(`${name}.n`, (number) => seen.push(`${who}${String(number)}`))], {
        streamConfig,
        consumerOptions: { durable: false },
      });
    const services = [await start('a')];
    await emitNumbers(name, 1);
    await until('the first hears it', () => seen.length === 1);
    services.push(await start('b'));
    await emitNumbers(name, 1);
    await until('both hear it', () => seen.length >= 3);
    expect(seen.sort()).toEqual(['a1', 'a1', 'b1']);
    expect((await raw.consumers(name)).length).toBe(2);
    await Promise.all(services.map(async ({ app }) => app.close()));
    await until('no consumer is left', async () => (await raw.consumers(name)).length === 0);
    expect(await raw.api(`STREAM.INFO.${name}-dead-letters`)).toHaveProperty('error');
  });

  it('of a service need its name, or a durable', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const servers = sharedServerUrl();
    await expect(
      startService(name, [listener(`${name}.n`, () => undefined)], {
        connectionOptions: { servers },
        streamConfig,
      }),
    ).rejects.toMatchObject({
      code: 'invalid-option',
      option: 'connectionOptions.name',
    });
    await startService(name, [listener(`${name}.n`, () => undefined)], {
      connectionOptions: { servers },
      consumerOptions: { durable: 'mine' },
      deadLetters: { name: `${name}-dead` },
      streamConfig,
    });
    expect(await raw.consumers(name)).toEqual([`mine-${name}_n`]);
  });
});

describe('order', () => {
  it('is strict over instances with orderedConsumer, continues after a restart, and waits for an event that fails', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    let hasFailed = false;
    const start = async () =>
      startService(
        name,
        [
          listener(`${name}.n`, async (number) => {
            if (number === 3 && !hasFailed) {
              hasFailed = true;
              throw new TypeError('once');
            }
            seen.push(number);
            await pause(1);
          }),
        ],
        { streamConfig, consumerOptions: { orderedConsumer: true, backoff: [50] } },
      );
    const services = [await start(), await start()];
    await emitNumbers(name, 10);
    await until('ten are handled', () => seen.length === 10);
    await untilAcknowledged(name, 10);
    await Promise.all(services.map(async ({ app }) => app.close()));
    await emitNumbers(name, 5);
    await start();
    await until('the others are handled', () => seen.length >= 15);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5]);
    expect((await onlyConsumer(name)).config['max_ack_pending']).toBe(1);
  });

  it('is that of the JetStream stream in one instance by default, one event at a time', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    let running = 0;
    let most = 0;
    await startService(
      name,
      [
        listener(`${name}.n`, async (number) => {
          running += 1;
          most = Math.max(most, running);
          await pause(Math.random() * 3);
          running -= 1;
          seen.push(number);
        }),
      ],
      { streamConfig },
    );
    await emitNumbers(name, 50);
    await until('all are handled', () => seen.length >= 50);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(most).toBe(1);
  });

  it('is kept for each key within an instance, even after an event that fails, while other keys continue', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: string[] = [];
    let failures = 0;
    await startService(
      name,
      [
        listener(`${name}.*`, (number, context) => {
          const key = context.getSubject().slice(-1);
          if (key === 'a' && number === 1 && failures++ < 2) throw new TypeError('twice');
          seen.push(`${key}${String(number)}`);
        }),
      ],
      { streamConfig, consumerOptions: { orderedBy: 'subject', concurrency: 4, backoff: [150] } },
    );
    await Promise.all([emitNumbers(name, 3, 'a'), emitNumbers(name, 3, 'b')]);
    await until('all are handled', () => seen.length >= 6);
    expect(seen.filter((entry) => entry.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(seen.filter((entry) => entry.startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
    expect(seen.indexOf('b3')).toBeLessThan(seen.indexOf('a1'));
  });

  it('of a key that fails repeatedly does not delay other keys, however many events it has', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await emitFirst(streamConfig, 0);
    await emitNumbers(name, 300, 'bad');
    await emitNumbers(name, 10, 'good');
    const handled: unknown[] = [];
    await startService(
      name,
      [
        listener(`${name}.*`, (number, context) => {
          if (context.getSubject().endsWith('bad')) throw new TypeError('bad');
          handled.push(number);
        }),
      ],
      {
        consumerOptions: { orderedBy: 'subject', concurrency: 2, maxDeliver: -1, backoff: [60_000] },
        shutdownTimeoutMs: 1_000,
      },
    );
    await until('the good ones are handled', () => handled.length === 10);
    expect(handled).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
  });

  it('does not apply to an event without a key, and one that cannot be read becomes a dead letter', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const handled: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => handled.push(number))], {
      streamConfig,
      consumerOptions: { orderedBy: (message) => String(message.json<number>()), concurrency: 2 },
    });
    raw.nc.publish(`${name}.n`, 'no JSON');
    await emitNumbers(name, 2);
    const [letter] = await deadLetters(name, 1);
    expect(letter).toMatchObject({ sequence: 1, error: { name: 'SyntaxError' } });
    await until('the others are handled', () => handled.length === 2);
  });

  it('can be by a key that a function takes from the message', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const running = new Map<string, number>();
    let broken = 0;
    let done = 0;
    await startService(
      name,
      [
        listener(`${name}.n`, async (number) => {
          const key = Number(number) % 2 ? 'odd' : 'even';
          running.set(key, (running.get(key) ?? 0) + 1);
          if ((running.get(key) ?? 0) > 1) broken += 1;
          await pause(2);
          running.set(key, (running.get(key) ?? 0) - 1);
          done += 1;
        }),
      ],
      {
        streamConfig,
        consumerOptions: {
          orderedBy: (message) => (message.json<number>() % 2 ? 'odd' : 'even'),
          concurrency: 8,
        },
      },
    );
    await emitNumbers(name, 20);
    await until('all are handled', () => done >= 20);
    expect(broken).toBe(0);
  });
});

describe('concurrency', () => {
  it('has the limit of the option', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let running = 0;
    let most = 0;
    let done = 0;
    await emitFirst(streamConfig, 60);
    await startService(
      name,
      [
        listener(`${name}.n`, async () => {
          running += 1;
          most = Math.max(most, running);
          await pause(10);
          running -= 1;
          done += 1;
        }),
      ],
      { streamConfig, consumerOptions: { concurrency: 5 } },
    );
    await until('all are handled', () => done >= 60);
    expect(most).toBe(5);
  });

  it('does not make an instance prefetch events that others could handle', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let done = 0;
    await emitFirst(streamConfig, 40);
    await startService(
      name,
      [
        listener(`${name}.n`, async () => {
          await pause(100);
          done += 1;
        }),
      ],
      { streamConfig },
    );
    await until('some are handled', () => done >= 5);
    expect((await onlyConsumer(name)).num_ack_pending).toBeLessThanOrEqual(3);
  });
});
