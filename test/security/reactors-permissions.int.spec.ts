import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { Injectable, type LoggerService, type Provider } from '@nestjs/common';
import { CommandHandler, EventBus, EventsHandler, type ICommandHandler, ofType, Saga } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Event, EventStore, type Process, Reactors, type RecordedEvent, steps } from 'jetsource';
import { CommandTimers, JetsourceCqrsModule, ProcessManager, Reactor } from 'jetsource/cqrs';
import { On } from 'jetsource/nestjs';
import { map, type Observable } from 'rxjs';
import { connect, PermissionViolationError } from '@nats-io/transport-node';
import { consumersCommand } from '../../src/cli/consumers-command.js';
import type { ListedConsumer } from '../../src/cli/listed-consumer.js';
import { parkedCommand } from '../../src/cli/parked-command.js';
import type { NatsServer } from '../../src/testing/nats-server.js';
import { openStore } from '../shared-server.js';
import { collect, until } from '../support/collect.js';
import { startConfigured } from './configured-server.js';

const USERS = [
  'publisher',
  'projection',
  'projection-of-all',
  'kv-projection',
  'reactor',
  'service',
  'operator',
];

@Event('Placed')
class Placed {
  constructor(readonly order: string) {}
}

class Pack {
  constructor(readonly order: string) {}
}

class Charge {
  constructor(readonly order: string) {}
}

@Injectable()
class Calls {
  readonly made: string[] = [];
  isBroken = false;
}

@CommandHandler(Pack)
class PackHandler implements ICommandHandler<Pack> {
  constructor(private readonly calls: Calls) {}

  async execute({ order }: Pack): Promise<void> {
    this.calls.made.push(`pack ${order}`);
  }
}

@CommandHandler(Charge)
class ChargeHandler implements ICommandHandler<Charge> {
  constructor(private readonly calls: Calls) {}

  async execute({ order }: Charge): Promise<void> {
    this.calls.made.push(`charge ${order}`);
  }
}

@Injectable()
class Sagas {
  @Saga()
  placed = (events: Observable<object>): Observable<Pack> =>
    events.pipe(
      ofType(Placed),
      map(({ order }) => new Pack(order)),
    );
}

@ProcessManager({
  name: 'payment',
  correlate: ({ data }: RecordedEvent<Placed>) => data.order,
  initial: (): object => ({}),
})
class Payment {
  @On(Placed)
  placed({ data }: RecordedEvent<Placed>, _state: object, process: Process): void {
    process.send(new Charge(data.order));
    process.schedule('late', new Charge(`${data.order} late`), { in: '3 days' });
  }
}

@Reactor({ name: 'mail', maxAttempts: 2, backoffMs: [10], lanes: 2 })
@EventsHandler(Placed)
class Mail {
  constructor(private readonly calls: Calls) {}

  async handle({ order }: Placed): Promise<void> {
    await steps.run('label', async () => void this.calls.made.push(`label ${order}`));
    await steps.sleep('a while', 20);
    if (this.calls.isBroken) throw new TypeError('no mail today');
    this.calls.made.push(`mail ${order}`);
  }
}

const PROVIDERS: Provider[] = [Calls, PackHandler, ChargeHandler, Sagas, Payment, Mail];
let server: NatsServer;
const apps: TestingModule[] = [];

beforeAll(async () => {
  const page = await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const [, config = ''] = /^```conf\n(.*?)^```/ms.exec(page) ?? [];
  const passwords = ['admin', ...USERS].map((user) => [
    `${user.replaceAll('-', '_').toUpperCase()}_PASSWORD`,
    `${user}-secret`,
  ]);
  server = await startConfigured(config, Object.fromEntries(passwords) as Record<string, string>);
  // the store must exist before the service connects
  await openStore({
    servers: server.url,
    name: 'shop',
    user: 'admin',
    pass: 'admin-secret',
    inboxPrefix: '_INBOX_admin',
  });
}, 60_000);

afterEach(async () => {
  await Promise.all(apps.splice(0).map(async (app) => app.close()));
});

class Lines implements LoggerService {
  readonly lines: string[] = [];
  readonly #note = (text: unknown): void => void this.lines.push(String(text));
  readonly warn = this.#note;
  readonly error = this.#note;
  log(): void {}
}

async function start(providers = PROVIDERS): Promise<{ app: TestingModule; calls: Calls; lines: string[] }> {
  const logged = new Lines();
  const app = await Test.createTestingModule({
    imports: [
      JetsourceCqrsModule.forRoot({
        servers: server.url,
        user: 'service',
        pass: 'service-secret',
        inboxPrefix: '_INBOX_service',
        onWarning: (warning) => logged.warn(warning),
        name: 'shop',
        events: [Placed],
        service: 'desk',
        timers: true,
      }),
    ],
    providers,
  })
    .setLogger(logged)
    .compile();
  apps.push(app);
  await app.init();
  return { app, calls: app.get(Calls), lines: logged.lines };
}

/** What a command prints for the operator. */
async function run(make: typeof parkedCommand, ...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const command = make((line) => lines.push(line));
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined });
  const servers = server.url.replace('//', '//operator:operator-secret@');
  const flags = ['--servers', servers, '--inbox-prefix', '_INBOX_operator'];
  await command.parseAsync([...args, ...flags], { from: 'user' });
  return lines;
}

const parked = async (...args: string[]): Promise<string[]> =>
  run(parkedCommand, ...args, '--store', 'shop', '--service', 'desk');

describe('the permissions of docs/security.md', () => {
  it('let a service publish, handle, execute commands, keep steps and timers, and park', async () => {
    const { app, calls, lines } = await start();
    await app.get(EventBus).publish(new Placed('1'));
    const store = app.get(EventStore);
    await store.append('order/2', [new Placed('2')]);
    expect(await collect(store.read('order/2'))).toHaveLength(1);
    const made = ['1', '2'].flatMap((id) => [`charge ${id}`, `label ${id}`, `mail ${id}`, `pack ${id}`]);
    await until('all is done', () => calls.made.length >= made.length, 10_000);
    await app.get(CommandTimers).schedule(new Pack('soon'), { in: 20, id: 'soon' });
    await until('the timer', () => calls.made.includes('pack soon'), 10_000);
    expect(calls.made.toSorted()).toEqual([...made, 'pack soon'].toSorted());
    calls.isBroken = true;
    await app.get(EventBus).publish(new Placed('3'));
    const reactors = app.get(Reactors);
    await until('it is parked', async () => (await reactors.parked()).length === 1, 10_000);
    calls.isBroken = false;
    expect(await reactors.redrive('all')).toBe(1);
    await until('it is handled', () => calls.made.includes('mail 3'), 10_000);
    await until('all is idle', async () => (await reactors.status()).every(({ state }) => state === 'idle'));
    expect(await reactors.orphans()).toEqual([]);
    const expected = /failed \(attempt 1\)|given up after 2 attempts/;
    expect(lines.filter((line) => !expected.test(line))).toEqual([]);
  }, 60_000);

  it('let an instance take over, and removes what a reactor left behind', async () => {
    const one = await start();
    const other = await start();
    await until(
      'each has a lane',
      async () => {
        const status = await one.app.get(Reactors).status();
        const owners = status.flatMap(({ lanes }) => lanes.map(({ owner }) => owner?.id));
        return !owners.includes(undefined) && new Set(owners).size === 2;
      },
      10_000,
    );
    await one.app.close();
    for (let id = 10; id < 20; id += 1) await other.app.get(EventBus).publish(new Placed(String(id)));
    const isDone = (id: number): boolean => other.calls.made.includes(`mail ${id}`);
    await until('all is handled', () => Array.from({ length: 10 }, (_, n) => n + 10).every(isDone), 20_000);
    await other.app.close();
    const third = await start([Calls, PackHandler, ChargeHandler, Sagas, Payment]);
    const reactors = third.app.get(Reactors);
    expect(await reactors.orphans()).toMatchObject([{ reactor: 'mail' }]);
    await until(
      'nobody runs it',
      async () =>
        reactors.removeOrphan('mail').then(
          () => true,
          () => false,
        ),
      10_000,
    );
    expect(await reactors.orphans()).toEqual([]);
  }, 60_000);

  it('let an operator see, redrive and discard parked events, and see and remove consumers', async () => {
    const { app, calls } = await start();
    calls.isBroken = true;
    for (const order of ['51', '52']) await app.get(EventBus).publish(new Placed(order));
    await until('both are parked', async () => (await parked('list')).length === 2, 10_000);
    const [{ id } = { id: 0 }] = (await parked('list', '--json')).map(
      (line) => JSON.parse(line) as { id: number },
    );
    expect((await parked('show', String(id))).join('\n')).toMatch(/"order": "5[12]"/);
    calls.isBroken = false;
    expect(await parked('redrive', String(id))).toEqual(['1 redriven']);
    await until('it is handled', () => calls.made.some((call) => call.startsWith('mail 5')), 10_000);
    expect(await parked('discard', '--all')).toEqual(['1 discarded']);
    const list = await run(consumersCommand, 'list', '--service', 'desk', '--json');
    const consumers = list.map((line) => JSON.parse(line) as ListedConsumer);
    const mail = consumers.find(({ reactor, lane }) => reactor === 'mail' && lane === 0);
    expect(mail).toMatchObject({ stream: 'shop', isRead: true });
    await app.close();
    const remove = async (): Promise<string[]> =>
      run(consumersCommand, 'remove', mail?.consumer ?? '', '--stream', 'shop', '--yes');
    await until('it is removed', async () => (await remove().catch(() => [])).length === 1, 10_000);
  }, 60_000);

  it.each([
    ['service', ['shop.1.customer.7', '$JS.API.STREAM.MSG.DELETE.shop', '$JS.API.STREAM.PURGE.shop']],
    ['service', ['$JS.API.STREAM.UPDATE.shop', '_dead.other-dead-letters.letter.x']],
    ['operator', ['shop.1.order.7', 'shop.1.$bus.Placed', '$JS.API.STREAM.MSG.DELETE.shop']],
    ['operator', ['$JS.API.CONSUMER.CREATE.shop.x', '$JS.API.CONSUMER.MSG.NEXT.shop.x', 'shop~records.x']],
  ])('refuse the %s %s', async (user, subjects) => {
    const nc = await connect({
      servers: server.url,
      user,
      pass: `${user}-secret`,
      inboxPrefix: `_INBOX_${user}`,
    });
    for (const subject of subjects) {
      const error = await nc.request(subject, '{}', { timeout: 2_000 }).catch((caught: unknown) => caught);
      expect([subject, (error as Error).cause ?? error]).toEqual([
        subject,
        expect.any(PermissionViolationError),
      ]);
    }
    await nc.close();
  });
});
