import { jest } from '@jest/globals';
import { Controller, Logger, Scope, type Type } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { lastValueFrom } from 'rxjs';
import { durableName, qualifiedDurableName } from '../../src/reaction/consumer/durable-name.js';
import type { NatsJetStreamServerOptions } from '../../src/transport/server/nats-jetstream-server-options.js';
import { NatsJetStreamServer } from '../../src/transport/server/nats-jetstream-server.js';
import { NatsJetStreamServerModule } from '../../src/transport/server/nats-jetstream-server.module.js';
import { rejection, until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { consumerState, emitNumbers, pause, raw } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, type Service, startService } from './shared-service.js';

type Seen = Record<'mail' | 'audit', unknown[]>;

/** Two controllers that listen to one event; the extras are those of their handlers. */
function controllers(
  pattern: string,
  seen: Seen,
  extras: { mail?: object; audit?: object } = {},
): { Mail: Type; Audit: Type } {
  @Controller()
  class Mail {
    @EventPattern<string>(pattern, extras.mail ?? {})
    on(@Payload() payload: unknown): void {
      seen.mail.push(payload);
    }
  }
  @Controller()
  class Audit {
    @EventPattern<string>(pattern, extras.audit ?? {})
    on(@Payload() payload: unknown): void {
      seen.audit.push(payload);
    }
  }
  return { Mail, Audit };
}

function nobody(): Seen {
  return { mail: [], audit: [] };
}

/** A service that is there while `work` runs, and what it warns of. */
async function withService(
  name: string,
  modules: readonly Type[],
  options: NatsJetStreamServerOptions,
  work: (service: Service) => Promise<void> = async () => undefined,
): Promise<string[]> {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  try {
    const service = await startService(name, modules, options);
    await work(service);
    await until('orphans were looked for', () => service.server.health().orphans !== undefined);
    await service.app.close();
    return warn.mock.calls.map(([text]) => String(text));
  } finally {
    warn.mockRestore();
  }
}

/** A durable as an earlier version or the older transport left it: without metadata. */
async function makeUnmarked(
  stream: string,
  consumer: string,
  config: Record<string, unknown> & { readonly filter_subject: string },
): Promise<void> {
  await raw.api(`CONSUMER.CREATE.${stream}.${consumer}.${config.filter_subject}`, {
    stream_name: stream,
    config: {
      name: consumer,
      durable_name: consumer,
      ack_policy: 'explicit',
      max_deliver: -1,
      description: config.filter_subject,
      ...config,
    },
    action: 'create',
  });
}

function startingAt(sequence: number): object {
  return { deliver_policy: 'by_start_sequence', opt_start_seq: sequence };
}

describe('two handlers of one event in one service', () => {
  it('keep their own events when their modules change places', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const pattern = `${name}.created`;
    const seen = nobody();
    let isStuck = true;
    const { Audit } = controllers(pattern, seen);
    @Controller()
    class Mail {
      @EventPattern<string>(pattern)
      async on(@Payload() payload: unknown): Promise<void> {
        if (isStuck) return new Promise(() => undefined);
        seen.mail.push(payload);
      }
    }
    const options = { streamConfig, shutdownTimeoutMs: 0 };
    await withService(name, [Mail, Audit], options, async () => {
      await emitNumbers(name, 10, 'created');
      await until('audit has all', () => seen.audit.length === 10);
    });
    isStuck = false;
    await withService(name, [Audit, Mail], options, async () => {
      await until('mail has all', () => seen.mail.length >= 10);
      await pause(100);
    });
    expect(seen.mail).toHaveLength(10);
    expect(seen.audit).toHaveLength(10);
  });

  it('do not inherit the consumer of one that is removed, which is reported', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = nobody();
    const { Mail, Audit } = controllers(`${name}.created`, seen);
    await withService(name, [Mail, Audit], { streamConfig }, async () => {
      await emitNumbers(name, 3, 'created');
      await until('both have all', () => seen.mail.length === 3 && seen.audit.length === 3);
    });
    await emitNumbers(name, 2, 'created');
    const mails = qualifiedDurableName({ service: name, label: `${name}.created`, handler: 'Mail.on' });
    const warnings = await withService(name, [Audit], { streamConfig }, async ({ server }) => {
      await until('audit has all', () => seen.audit.length === 5);
      await until('it is found', () => server.health().orphans?.length === 1);
      expect(server.health()).toMatchObject({
        isHealthy: true,
        orphans: [
          { stream: name, consumer: mails, pattern: `${name}.created`, handler: 'Mail.on', pending: 2 },
        ],
      });
    });
    expect(warnings.join('\n')).toContain(`npx jetsource consumers remove ${mails} --stream ${name}`);
    await withService(name, [Audit, Mail], { streamConfig }, async () => {
      await until('mail has all', () => seen.mail.length === 5);
    });
    expect(seen.audit).toHaveLength(5);
  });

  it('may be added one after the other: the first keeps the consumer that it has', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = nobody();
    const { Mail, Audit } = controllers(`${name}.created`, seen);
    await withService(name, [Mail], { streamConfig }, async () => {
      await emitNumbers(name, 2, 'created');
      await until('mail has all', () => seen.mail.length === 2);
    });
    await withService(name, [Audit, Mail], { streamConfig }, async () => {
      await until('audit has all', () => seen.audit.length === 2);
    });
    await withService(name, [Audit], { streamConfig });
    expect(seen).toEqual({ mail: [1, 2], audit: [1, 2] });
    expect((await raw.consumers(name)).sort()).toEqual(
      [
        durableName({ service: name, label: `${name}.created` }),
        qualifiedDurableName({ service: name, label: `${name}.created`, handler: 'Audit.on' }),
      ].sort(),
    );
  });

  it('are found again by a name that they are given, whatever their classes are called', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = { one: [] as unknown[], two: [] as unknown[] };
    const one = listener(`${name}.created`, (payload) => seen.one.push(payload), { name: 'one' });
    const two = listener(`${name}.created`, (payload) => seen.two.push(payload), { name: 'two' });
    await withService(name, [one, two], { streamConfig }, async () => {
      await emitNumbers(name, 2, 'created');
      await until('both have all', () => seen.one.length === 2 && seen.two.length === 2);
    });
    await withService(name, [two, one], { streamConfig }, async () => {
      await emitNumbers(name, 1, 'created');
      await until('both have all', () => seen.one.length === 2 + 1 && seen.two.length === 2 + 1);
    });
    const [first = ''] = (await raw.consumers(name)).sort();
    expect((await consumerState(name, first)).config['metadata']).toMatchObject({
      'jetsource.service': name,
      'jetsource.pattern': `${name}.created`,
      'jetsource.handler': 'one',
      'jetsource.method': 'Listener.on',
    });
  });

  it('may be one method of a base class', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: string[] = [];
    class Base {
      @EventPattern<string>(`${name}.created`)
      on(@Payload() payload: unknown): void {
        seen.push(`${this.constructor.name} ${String(payload)}`);
      }
    }
    @Controller()
    class One extends Base {}
    @Controller()
    class Two extends Base {}
    const handlers = ['One.on', 'Two.on'];
    for (const order of [
      [One, Two],
      [Two, One],
    ])
      await withService(name, order, { streamConfig }, async () => {
        const before = seen.length;
        await emitNumbers(name, 1, 'created');
        await until('both have it', () => seen.length === before + 2);
      });
    expect(seen.toSorted()).toEqual(['One 1', 'One 1', 'Two 1', 'Two 1']);
    expect((await raw.consumers(name)).sort()).toEqual(
      handlers.map((handler) => qualifiedDurableName({ service: name, label: `${name}.created`, handler })),
    );
  });

  it('are told apart in an application with HTTP, and in the scope of a request', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = nobody();
    const { Mail } = controllers(`${name}.created`, seen);
    @Controller({ scope: Scope.REQUEST })
    class Scoped {
      @EventPattern<string>(`${name}.created`)
      on(@Payload() payload: unknown): void {
        seen.audit.push(payload);
      }
    }
    const options = { connectionOptions: { servers: sharedServerUrl(), name }, streamConfig };
    const module = await Test.createTestingModule({
      imports: [NatsJetStreamServerModule.register(options)],
      controllers: [Scoped, Mail],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    app.connectMicroservice({ strategy: app.get(NatsJetStreamServer) });
    await app.startAllMicroservices();
    await app.init();
    await emitNumbers(name, 1, 'created');
    await until('both have it', () => seen.mail.length === 1 && seen.audit.length === 1);
    await app.close();
    expect((await raw.consumers(name)).sort()).toEqual(
      ['Mail.on', 'Scoped.on'].map((handler) =>
        qualifiedDurableName({ service: name, label: `${name}.created`, handler }),
      ),
    );
  });

  it('that Nest did not register have no class, and need names', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const open = async (extras: readonly object[]): Promise<unknown> => {
      const server = new NatsJetStreamServer({
        connectionOptions: { servers: sharedServerUrl(), name },
        streamConfig,
      });
      for (const each of extras) server.addHandler(`${name}.a`, async () => undefined, true, { ...each });
      const error = await new Promise((resolve) => void server.listen(resolve));
      await server.close();
      return error;
    };
    expect(await open([{}, {}])).toMatchObject({ code: 'invalid-option', option: 'name' });
    expect(await open([{}, { name: 'two' }])).toBeUndefined();
    expect((await raw.consumers(name)).sort()).toEqual(
      [
        durableName({ service: name, label: `${name}.a` }),
        qualifiedDurableName({ service: name, label: `${name}.a`, handler: 'two' }),
      ].sort(),
    );
  });

  it('that cannot be told apart are refused, and the error says what to write', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const ignore = (): undefined => undefined;
    for (const name_ of [undefined, 'same'])
      expect(
        await rejection(
          startService(
            name,
            [1, 2].map(() => listener(`${name}.a`, ignore, { ...(name_ !== undefined && { name: name_ }) })),
            { streamConfig },
          ),
        ),
      ).toMatchObject({
        code: 'invalid-option',
        option: 'name',
        message: expect.stringContaining(`@EventPattern('${name}.a', { name: 'mail' })`),
      });
    expect(
      await rejection(startService(name, [listener(`${name}.a`, ignore, { name: '' })], { streamConfig })),
    ).toMatchObject({ code: 'invalid-option', option: 'name' });
  });
});

describe('durables of an earlier version, which were named by the order of the handlers', () => {
  it('are continued, and are found by the handler from then on', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const pattern = `${name}.created`;
    await openClient({
      connectionOptions: { servers: sharedServerUrl() },
      streamConfig,
    }).connect();
    await emitNumbers(name, 6, 'created');
    const former = `${name}-${name}_created`;
    await makeUnmarked(name, former, { filter_subject: pattern, ...startingAt(3) });
    await makeUnmarked(name, `${former}=2`, { filter_subject: pattern, ...startingAt(5) });
    const seen = nobody();
    const { Mail, Audit } = controllers(pattern, seen);
    const warnings = await withService(name, [Mail, Audit], { streamConfig }, async () => {
      await until('both have the rest', () => seen.mail.length === 4 && seen.audit.length === 2);
    });
    expect(warnings.join('\n')).toContain(`consumer ${former} of ${pattern} is continued by Mail.on`);
    const later = await withService(name, [Audit, Mail], { streamConfig }, async () => {
      await emitNumbers(name, 1, 'created');
      await until('both have it', () => seen.mail.length === 5 && seen.audit.length === 3);
    });
    expect(later).toEqual([]);
    expect(seen).toEqual({ mail: [3, 4, 5, 6, 1], audit: [5, 6, 1] });
    await withService(name, [Audit], { streamConfig }, async () => {
      await emitNumbers(name, 1, 'created');
      await until('audit has it', () => seen.audit.length === 4);
    });
    expect((await raw.consumers(name)).sort()).toEqual([former, `${former}=2`]);
  });

  it('of the older transport, which called all handlers for each event, are continued by all', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const pattern = `${name}.*`;
    await openClient({ connectionOptions: { servers: sharedServerUrl() }, streamConfig }).connect();
    await emitNumbers(name, 3, 'created');
    const legacy = `shop-${name}__ALL`;
    await makeUnmarked(name, legacy, { filter_subject: pattern, description: '' });
    const pull = JSON.stringify({ batch: 1, no_wait: true });
    const options = { noMux: true, timeout: 5_000 };
    (await raw.nc.request(`$JS.API.CONSUMER.MSG.NEXT.${name}.${legacy}`, pull, options)).respond('+ACK');
    await until(
      'the first is acknowledged',
      async () => (await consumerState(name, legacy)).ack_floor.stream_seq === 1,
    );
    const seen = nobody();
    const { Mail, Audit } = controllers(pattern, seen);
    await withService('shop', [Mail, Audit], { streamConfig }, async () => {
      await until('both have the rest', () => seen.mail.length === 2 && seen.audit.length === 2);
      await pause(100);
    });
    expect(seen).toEqual({ mail: [2, 3], audit: [2, 3] });
  });

  it('are continued by a service whose name they replaced characters of', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await openClient({ connectionOptions: { servers: sharedServerUrl() }, streamConfig }).connect();
    await emitNumbers(name, 3, 'created');
    const former = `${name}_eu-${name}_created`;
    await makeUnmarked(name, former, { filter_subject: `${name}.created`, ...startingAt(3) });
    const seen: unknown[] = [];
    const handlers = [listener(`${name}.created`, (payload) => seen.push(payload))];
    await withService(`${name}.eu`, handlers, { streamConfig }, async () => {
      await until('it has the rest', () => seen.length > 0);
    });
    expect(seen).toEqual([3]);
    expect(await raw.consumers(name)).toEqual([former]);
  });
});

describe('the only handler of a pattern', () => {
  it('keeps its consumer when its class gets another name, which is reported', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = nobody();
    const { Mail, Audit } = controllers(`${name}.created`, seen);
    await withService(name, [Mail], { streamConfig }, async () => {
      await emitNumbers(name, 2, 'created');
      await until('it has them', () => seen.mail.length === 2);
    });
    const warnings = await withService(name, [Audit], { streamConfig }, async () => {
      await emitNumbers(name, 1, 'created');
      await until('it has the next', () => seen.audit.length > 0);
    });
    expect(seen.audit).toEqual([1]);
    expect(warnings.join('\n')).toMatch(/was that of Mail\.on, and is continued by Audit\.on/);
    expect(await withService(name, [Audit], { streamConfig })).toEqual([]);
  });

  it('keeps its consumer when it gets a name', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = nobody();
    await withService(name, [controllers(`${name}.created`, seen).Mail], { streamConfig }, async () => {
      await emitNumbers(name, 2, 'created');
      await until('it has them', () => seen.mail.length === 2);
    });
    const { Mail } = controllers(`${name}.created`, seen, { mail: { name: 'mail' } });
    await withService(name, [Mail], { streamConfig });
    expect(await raw.consumers(name)).toEqual([durableName({ service: name, label: `${name}.created` })]);
    expect(seen.mail).toEqual([1, 2]);
  });
});

describe('durable consumers of different handlers', () => {
  it('cannot have one own name within a service', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const handlers = ['a', 'b'].map((word) =>
      listener(`${name}.${word}`, () => undefined, { consumer: { durable: 'mine' } }),
    );
    expect(await rejection(startService(name, handlers, { streamConfig }))).toMatchObject({
      code: 'invalid-option',
      option: 'consumer.durable',
      given: 'mine',
    });
    // it was refused before anything was sent
    expect(await raw.api(`STREAM.INFO.${name}`)).toHaveProperty('error');
  });

  it('cannot have an own name that another handler has by its pattern', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const handlers = [
      listener(`${name}.a`, () => undefined),
      listener(`${name}.b`, () => undefined, { consumer: { durable: `${name}-${name}_a` } }),
    ];
    expect(await rejection(startService(name, handlers, { streamConfig }))).toMatchObject({
      code: 'invalid-option',
      option: 'consumer.durable',
    });
  });

  it('are refused an own name that is at work for another pattern of another service', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const own = (word: string): Type =>
      listener(`${name}.${word}`, () => undefined, { consumer: { durable: 'mine' } });
    await startService(`${name}-one`, [own('a')], { streamConfig });
    expect(await rejection(startService(`${name}-two`, [own('b')], { streamConfig }))).toMatchObject({
      code: 'consumer-settings',
      consumer: 'mine',
      message: expect.stringContaining(`that of ${name}.a in ${name}-one`),
    });
    expect((await consumerState(name, 'mine')).config['filter_subject']).toBe(`${name}.a`);
  });

  it('with an own name may change their pattern, which is reported', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const own = (word: string): Type =>
      listener(`${name}.${word}`, () => undefined, { consumer: { durable: 'mine' } });
    await withService(name, [own('a')], { streamConfig });
    const warnings = await withService(name, [own('b')], { streamConfig });
    expect(warnings.join('\n')).toContain(
      `consumer mine was that of ${name}.a, and is now that of ${name}.b`,
    );
    expect(await withService(name, [own('b')], { streamConfig })).toEqual([]);
  });

  it.each([
    ['{}.eu', '{}_eu'],
    ['{}注文', '{}顧客'],
  ])('are separate for the services %s and %s', async (one, other) => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen = { one: [] as unknown[], other: [] as unknown[] };
    const collect = (who: keyof typeof seen): Type =>
      listener(`${name}.n`, (payload) => seen[who].push(payload));
    await startService(one.replace('{}', name), [collect('one')], { streamConfig });
    await startService(other.replace('{}', name), [collect('other')], { streamConfig });
    await emitNumbers(name, 10);
    await until('both have all', () => seen.one.length === 10 && seen.other.length === 10);
    expect(await raw.consumers(name)).toHaveLength(2);
  });

  it.each([
    ['that starts first', false],
    ['that starts last', true],
  ])('are separate where service and pattern give one name, also for the one %s', async (_, isReversed) => {
    const { name } = uniqueStream();
    const streamConfig = { name, subjects: [`mail-${name}`, name] };
    const seen: Record<string, unknown[]> = { one: [], other: [] };
    // both would be shop-mail-<name>
    const services = [
      { service: `shop`, pattern: `mail-${name}`, who: 'one' },
      { service: `shop-mail`, pattern: name, who: 'other' },
    ];
    for (const { service, pattern, who } of isReversed ? services.toReversed() : services)
      await startService(service, [listener(pattern, (payload) => seen[who]?.push(payload))], {
        streamConfig,
      });
    const client = openClient();
    await lastValueFrom(client.emit(`mail-${name}`, 'for one'));
    await lastValueFrom(client.emit(name, 'for the other'));
    await until('both have theirs', () => seen['one']?.length === 1 && seen['other']?.length === 1);
    expect(seen).toEqual({ one: ['for one'], other: ['for the other'] });
    expect(await raw.consumers(name)).toHaveLength(2);
  });
});

describe('a pattern that cannot match', () => {
  it.each(['a..b', 'a b', 'a.>.b', '.a', 'a.', ''])('%j is refused for events', async (pattern) => {
    expect(await rejection(startService('any', [listener(pattern, () => undefined)]))).toMatchObject({
      code: 'invalid-option',
      option: 'pattern',
      given: pattern,
    });
  });
});

describe('a request pattern that cannot match', () => {
  it.each(['a..b', 'a b', 'a.>.b'])('%j is refused', async (pattern) => {
    @Controller()
    class Sums {
      @MessagePattern(pattern)
      sum(): number {
        return 1;
      }
    }
    expect(await rejection(startService('any', [Sums]))).toMatchObject({
      code: 'invalid-option',
      option: 'pattern',
      given: pattern,
    });
  });
});

describe('bind', () => {
  it('is refused to a consumer that delivers what the handler does not listen to', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await openClient({ connectionOptions: { servers: sharedServerUrl() }, streamConfig }).connect();
    await makeUnmarked(name, 'theirs', { filter_subject: `${name}.b` });
    const bound = (pattern: string): Type =>
      listener(pattern, () => undefined, { consumer: { durable: 'theirs', bind: true } });
    expect(await rejection(startService(name, [bound(`${name}.a`)], { streamConfig }))).toMatchObject({
      code: 'consumer-settings',
      consumer: 'theirs',
      message: expect.stringMatching(/delivers .*\.b, and its handler listens to .*\.a/),
    });
    await startService(name, [bound(`${name}.*`)], { streamConfig });
    expect((await consumerState(name, 'theirs')).config['metadata']).not.toHaveProperty('jetsource.pattern');
  });
});

describe('health', () => {
  it('says that a handler has finished after maxMessages', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    const { server } = await startService(name, [listener(`${name}.n`, (payload) => seen.push(payload))], {
      streamConfig,
      consumerOptions: { maxMessages: 2 },
    });
    await emitNumbers(name, 3);
    await until('it has finished', () => server.health().consumers[0]?.state === 'finished');
    expect(seen).toEqual([1, 2]);
    expect(server.health().isHealthy).toBe(true);
  });
});
