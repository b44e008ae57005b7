import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  Injectable,
  Module,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventBus, EventsHandler } from '@nestjs/cqrs';
import { type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { Event, EventStore } from 'jetsource';
import { JetsourceCqrsModule, Reactor } from 'jetsource/cqrs';
import { sharedServerUrl, uniqueStoreName } from '../../shared-server.js';
import { collect, until } from '../../support/collect.js';
import { closeBusApps, startBusApp } from './bus-app.js';

@Event('Told')
class Told {
  constructor(readonly text: string) {}
}

const events = [Told];
const loader = fileURLToPath(new URL('../../support/register-typescript.mjs', import.meta.url));
const program = fileURLToPath(new URL('bus-process.ts', import.meta.url));

@Injectable()
class Seen {
  readonly texts: string[] = [];
}

@Reactor({ name: 'told' })
@EventsHandler(Told)
class ToldHandler {
  constructor(private readonly seen: Seen) {}

  handle({ text }: Told): void {
    this.seen.texts.push(text);
  }
}

@Injectable()
class Early implements OnModuleInit, OnApplicationBootstrap {
  constructor(private readonly events: EventBus) {}

  async onModuleInit(): Promise<void> {
    await this.events.publish(new Told('in onModuleInit'));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.events.publish(new Told('in onApplicationBootstrap'));
  }
}

/** Ready a while after the application begins to start. */
@Reactor({ name: 'slow' })
@EventsHandler(Told)
class SlowHandler implements OnModuleInit, OnApplicationBootstrap {
  #ready = 0;

  constructor(
    private readonly seen: Seen,
    private readonly events: EventBus,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.events.publish(new Told('one'));
    await pause(50);
    this.#ready += 1;
  }

  async onApplicationBootstrap(): Promise<void> {
    await pause(50);
    this.#ready += 1;
  }

  handle(): void {
    this.seen.texts.push(`ready ${this.#ready}`);
  }
}

/** Publishes when it has been called for a while. */
@Reactor({ name: 'long' })
@EventsHandler(Told)
class LongHandler {
  calls = 0;
  ended = 0;
  isDestroyed = false;

  constructor(private readonly events: EventBus) {}

  async handle({ text }: Told): Promise<void> {
    if (text !== 'first') return;
    this.calls += 1;
    await pause(100);
    await this.events.publish(new Told('last'));
    if (!this.isDestroyed) this.ended += 1;
  }

  onModuleDestroy(): void {
    this.isDestroyed = true;
  }
}

@Injectable()
class FailsToStart implements OnApplicationBootstrap {
  onApplicationBootstrap(): void {
    throw new Error('no');
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function appModule(parts: ModuleMetadata, name = uniqueStoreName()): new () => object {
  const { imports = [] } = parts;
  const module = JetsourceCqrsModule.forRoot({ servers: sharedServerUrl(), name, events });
  @Module({ ...parts, imports: [module, ...imports] })
  class AppModule {}
  return AppModule;
}

const children: ChildProcess[] = [];

afterEach(closeBusApps);

describe('the start', () => {
  it('delivers what modules publish in their hooks, also at the first start of a handler', async () => {
    const { app } = await startBusApp({ events }, { providers: [Seen, ToldHandler, Early] });
    const { texts } = app.get(Seen);
    await until('both are handled', () => texts.length === 2);
    expect(texts.toSorted()).toEqual(['in onApplicationBootstrap', 'in onModuleInit']);
  });

  it('does not deliver what was published before the first start of a handler', async () => {
    const { app, store } = await startBusApp({ events });
    await app.get(EventBus).publish(new Told('before'));
    const later = await startBusApp({ events, name: store }, { providers: [Seen, ToldHandler] });
    await app.get(EventBus).publish(new Told('after'));
    await until('it is handled', () => later.app.get(Seen).texts.length > 0);
    expect(later.app.get(Seen).texts).toEqual(['after']);
  });

  it('delivers to handlers that are ready', async () => {
    const { app } = await startBusApp({ events }, { providers: [Seen, SlowHandler] });
    await until('it is handled', () => app.get(Seen).texts.length === 1);
    expect(app.get(Seen).texts).toEqual(['ready 2']);
  });

  it('delivers in a hybrid application when all of it has started', async () => {
    const app = await NestFactory.create(appModule({ providers: [Seen, SlowHandler] }), { logger: false });
    app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options: { port: 0 } });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    await until('it is handled', () => app.get(Seen).texts.length === 1);
    expect(app.get(Seen).texts).toEqual(['ready 2']);
    await app.close();
  });

  it('may be interrupted by the end, which closes everything', async () => {
    const app = await NestFactory.create(appModule({ providers: [Seen, SlowHandler] }), { logger: false });
    await Promise.allSettled([app.init(), app.close()]);
    await expect(app.get(EventStore).lastSequence()).rejects.toMatchObject({ code: 'connection-closed' });
  });

  it('that fails in another module leaves nothing open after close', async () => {
    const app = await NestFactory.create(appModule({ providers: [Seen, ToldHandler, FailsToStart] }), {
      logger: false,
      abortOnError: false,
    });
    await expect(app.init()).rejects.toThrow('no');
    await app.close();
    await expect(app.get(EventStore).lastSequence()).rejects.toMatchObject({ code: 'connection-closed' });
  });
});

describe('the end', () => {
  it('waits for handlers, which can publish; their modules are destroyed after that', async () => {
    const { app, store } = await startBusApp({ events }, { providers: [LongHandler] });
    const handler = app.get(LongHandler);
    await app.get(EventBus).publish(new Told('first'));
    await until('it is called', () => handler.calls === 1);
    await app.close();
    expect([handler.ended, handler.isDestroyed]).toEqual([1, true]);
    const again = await startBusApp({ events, name: store });
    const stored = await collect(again.app.get(EventStore).readAll({ categories: ['$bus'] }));
    expect(stored.map(({ data }) => data)).toEqual([new Told('first'), new Told('last')]);
  });

  it('makes later publications fail', async () => {
    const { app } = await startBusApp({ events });
    const bus = app.get(EventBus);
    await app.close();
    await expect(bus.publish(new Told('late'))).rejects.toMatchObject({ code: 'connection-closed' });
  });
});

describe('a process', () => {
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('ends by itself when its application fails to start, also with projections', async () => {
    const { child, lines } = runProcess('fail');
    await until('it has ended', () => child.exitCode !== null, 20_000);
    expect(child.exitCode).toBe(0);
    expect(lines.join('\n')).toMatch(/failed: CqrsSetupError: ToldHandler have no stable name/);
  }, 60_000);

  it('that gets a signal finishes handlers, where shutdown hooks are enabled', async () => {
    const { child, lines } = runProcess('run');
    await until('its handler is called', () => lines.includes('called'), 20_000);
    child.kill('SIGTERM');
    await until('it has ended', () => child.exitCode !== null || child.signalCode !== null, 20_000);
    expect(lines).toContain('handled');
  }, 60_000);
});

function runProcess(what: string): { child: ChildProcess; lines: string[] } {
  const args = ['--import', loader, program, sharedServerUrl(), uniqueStoreName(), what];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  return { child, lines };
}
