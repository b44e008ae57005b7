import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  BadRequestException,
  Catch,
  type ExceptionFilter,
  type PipeTransform,
  UsePipes,
} from '@nestjs/common';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { lastValueFrom, throwError } from 'rxjs';
import type { NatsJetStreamServerOptions } from '../../src/transport/server/nats-jetstream-server-options.js';
import { UnrecoverableError } from '../../src/reaction/unrecoverable-error.js';
import { collect, until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { emitFirst, emitNumbers, raw, untilAcknowledged } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { deadLetters, listener, openDeadLetters, startService } from './shared-service.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

describe('an event that no handler has failed', () => {
  it('is no dead letter after more shutdowns than it may have attempts', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await emitFirst(streamConfig, 4);
    const options: NatsJetStreamServerOptions = { consumerOptions: { maxDeliver: 3 }, shutdownTimeoutMs: 10 };
    for (let deploy = 0; deploy < 7; deploy += 1) {
      let isCalled = false;
      const handle = async (): Promise<void> => {
        isCalled = true;
        return new Promise(() => undefined);
      };
      const { app } = await startService(name, [listener(`${name}.n`, handle)], options);
      await until('an event is being handled', () => isCalled);
      await app.close();
    }
    const handled: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => handled.push(number))], options);
    await untilAcknowledged(name, 4);
    expect(new Set(handled)).toEqual(new Set([1, 2, 3, 4]));
    expect(await deadLetters(name, 0)).toEqual([]);
  }, 60_000);
});

describe('an event that ends its process', () => {
  it('becomes a dead letter, and the others that were handled with it do not', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await emitFirst(streamConfig, 40);
    const handled = new Set<number>();
    for (let start = 0; start < 10 && (await letterCount(name)) === 0; start += 1)
      await liveUntilDead(name, handled);
    const letters = await deadLetters(name, 1);
    expect(letters).toMatchObject([
      { sequence: 13, attempts: 1, error: { message: expect.stringContaining('process ended') } },
    ]);
    await untilAcknowledged(name, 40);
    expect(handled.size).toBe(39);
  }, 240_000);
});

describe('a dead letter', () => {
  it('has the fields of the error, and its causes', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    class RefusingPipe implements PipeTransform {
      transform(): never {
        const cause = Object.assign(new TypeError('no such zip code'), { code: 'ZIP' });
        throw new BadRequestException(['zip must be a number'], { cause });
      }
    }

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.n`)
      @UsePipes(new RefusingPipe())
      on(@Payload() number: number): number {
        return number;
      }
    }

    await startService(name, [Listener], { streamConfig, consumerOptions: { maxDeliver: 1 } });
    await emitNumbers(name, 1);
    const [letter] = await deadLetters(name, 1);
    expect(letter?.error).toMatchObject({
      name: 'BadRequestException',
      fields: { response: { message: ['zip must be a number'] }, status: 400 },
      cause: { name: 'TypeError', message: 'no such zip code', fields: { code: 'ZIP' } },
    });
  });

  it.each(['語'.repeat(7_000), 'x'.repeat(200_000)])(
    'is kept with an error that is long, in any script (%#)',
    async (message) => {
      const streamConfig = uniqueStream();
      const { name } = streamConfig;
      const handle = (): never => {
        throw Object.assign(new TypeError(message), { details: message });
      };
      const options = { streamConfig, consumerOptions: { maxDeliver: 1 } };
      await startService(name, [listener(`${name}.n`, handle)], options);
      await emitNumbers(name, 1);
      const [letter] = await deadLetters(name, 1);
      expect(letter?.error.message.slice(0, 7_000)).toBe(message.slice(0, 7_000));
      expect(JSON.parse(Buffer.from(letter?.data ?? []).toString())).toBe(1);
    },
  );

  it('is made at once of an error that is unrecoverable, also by the decision of a filter', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    @Catch(RangeError)
    class GiveUp implements ExceptionFilter {
      catch(error: RangeError): unknown {
        return throwError(() => new UnrecoverableError('out of range', { cause: error }));
      }
    }
    const handle = (number: unknown): never => {
      if (number === 1) throw new RangeError('too much');
      throw new UnrecoverableError('no address');
    };
    const options = { streamConfig, consumerOptions: { maxDeliver: 5, backoff: [60_000] } };
    const { app } = await startService(name, [listener(`${name}.n`, handle)], options, [new GiveUp()]);
    await emitNumbers(name, 2);
    const letters = await deadLetters(name, 2);
    expect(letters).toMatchObject([
      { attempts: 1, error: { message: 'out of range', cause: { message: 'too much' } } },
      { attempts: 1, error: { message: 'no address' } },
    ]);
    await app.close();
  });

  it('is not made of an event whose body it cannot hold where nobody else keeps it', async () => {
    const streamConfig = uniqueStream({ retention: 'workqueue' as never });
    const { name } = streamConfig;
    let calls = 0;
    const handle = (): never => {
      calls += 1;
      throw new TypeError('broken');
    };
    await startService(name, [listener(`${name}.n`, handle)], {
      streamConfig,
      consumerOptions: { maxDeliver: 1 },
    });
    await lastValueFrom(openClient().emit(`${name}.n`, 'x'.repeat(1_048_350)));
    await until('it was handled', () => calls > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await letterCount(name)).toBe(0);
    const { state } = await raw.api<{ state: { messages: number } }>(`STREAM.INFO.${name}`);
    expect(state.messages).toBe(1);
  });

  it('is told to listeners of the server, and so is each attempt', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const handle = (): never => {
      throw new TypeError('broken');
    };
    const options = { streamConfig, consumerOptions: { maxDeliver: 2, backoff: [1] } };
    const { server } = await startService(name, [listener(`${name}.n`, handle)], options);
    const told: unknown[] = [];
    server.on('attempt', ({ attempt, error, durationMs }) =>
      told.push([attempt, error?.message, durationMs >= 0]),
    );
    server.on('deadLetter', ({ subject, sequence, attempts, isKept }) =>
      told.push({ subject, sequence, attempts, isKept }),
    );
    server.on('deadLetter', () => {
      throw new Error('a listener that fails');
    });
    await emitNumbers(name, 1);
    await until('all is told', () => told.length === 3);
    expect(told).toEqual([
      [1, 'broken', true],
      [2, 'broken', true],
      { subject: `${name}.n`, sequence: 1, attempts: 2, isKept: true },
    ]);
  });
});

describe('the stream of dead letters', () => {
  it('has a limit beyond which events stay in their streams, unless the options name one', async () => {
    const one = uniqueStream();
    const other = uniqueStream();
    await startService(one.name, [listener(`${one.name}.n`, () => undefined)], { streamConfig: one });
    await startService(other.name, [listener(`${other.name}.n`, () => undefined)], {
      streamConfig: other,
      deadLetters: { max_age: 60_000_000_000 },
    });
    expect(await configOf(`${one.name}-dead-letters`)).toMatchObject({ max_msgs: 100_000, discard: 'new' });
    expect(await configOf(`${other.name}-dead-letters`)).toMatchObject({ max_msgs: -1, discard: 'new' });
  });
});

describe('an event without a body', () => {
  it('is delivered as undefined', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (payload) => seen.push([payload]))], { streamConfig });
    await raw.nc.request(`${name}.n`, new Uint8Array());
    await until('it has come', () => seen.length > 0);
    expect(seen).toEqual([[undefined]]);
  });
});

describe('a payload that looks like a packet of Nest', () => {
  it.each([
    { id: 7, pattern: 'stripes', data: { width: 140 } },
    { pattern: 'stripes', data: 1 },
  ])('arrives whole: %j', async (payload) => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (given) => seen.push(given))], { streamConfig });
    await lastValueFrom(openClient().emit(`${name}.n`, payload));
    await lastValueFrom(openClient().emit(`${name}.n`, { ...payload, pattern: `${name}.n` }));
    await until('both have come', () => seen.length === 2);
    expect(seen).toEqual([payload, { ...payload, pattern: `${name}.n` }]);
  });
});

async function letterCount(name: string): Promise<number> {
  await using letters = await openDeadLetters(name);
  return (await collect(letters.list()).catch(() => [])).length;
}

async function configOf(stream: string): Promise<object> {
  const { config } = await raw.api<{ config: object }>(`STREAM.INFO.${stream}`);
  return config;
}

/** Runs a process of the service until it ends, or has nothing to do any more. */
async function liveUntilDead(name: string, handled: Set<number>): Promise<void> {
  const loader = join(root, 'test/support/register-typescript.mjs');
  const program = join(root, 'test/support/listen-and-die.ts');
  const child = spawn(process.execPath, ['--import', loader, program, sharedServerUrl(), name], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => handled.add(Number(line)));
  const exited = once(child, 'exit');
  const isOver = async (): Promise<boolean> =>
    child.exitCode !== null || child.signalCode !== null || (await letterCount(name)) > 0;
  await until('the process ends, or there is a letter', isOver, 60_000);
  if (child.signalCode === null) {
    await untilAcknowledged(name, 40);
    child.kill('SIGKILL');
  }
  await exited;
}
