import { consumersCommand } from '../../src/cli/consumers-command.js';
import { UnrecoverableError } from '../../src/reaction/unrecoverable-error.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { recorded, startReactors, stopReactors } from '../reaction/reactor-service.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { rejection, until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { emitNumbers, pause, raw } from '../transport/consumer-state.js';
import { uniqueStream } from '../transport/shared-client.js';
import { listener, startService } from '../transport/shared-service.js';

/** What the command prints, also where it fails. */
async function run(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  await runInto(lines, args);
  return lines;
}

async function runInto(lines: string[], args: readonly string[]): Promise<void> {
  const command = consumersCommand((line) => lines.push(line));
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...args, '--servers', sharedServerUrl()], { from: 'user' });
}

async function json(...args: string[]): Promise<Record<string, unknown>[]> {
  return (await run(...args, '--json')).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A service with two handlers that has handled three events of the first, and is stopped. */
async function stoppedService(): Promise<{ name: string; consumer: string }> {
  const streamConfig = uniqueStream();
  const { name } = streamConfig;
  const seen: unknown[] = [];
  const handlers = ['n', 'm'].map((word) => listener(`${name}.${word}`, (number) => seen.push(number)));
  const { app } = await startService(name, handlers, { streamConfig });
  await emitNumbers(name, 3);
  const consumer = `${name}-${name}_n`;
  await until('they are handled', () => seen.length === 3);
  await until('they are acknowledged', async () =>
    (await json('--stream', name)).every((each) => each['ackPending'] === 0),
  );
  await app.close();
  await emitNumbers(name, 2);
  // pulls end with the connection
  await until('nobody reads', async () =>
    (await json('--stream', name)).every((each) => each['isRead'] === false),
  );
  return { name, consumer };
}

describe('jetsource consumers', () => {
  it('lists who listens to what, how far they are, and whether anybody reads', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await startService(name, [listener(`${name}.n`, () => undefined)], { streamConfig });
    await emitNumbers(name, 1);
    await until('it is handled', async () => {
      const [found] = await json('list', '--stream', name);
      return found?.['ackPending'] === 0 && found['pending'] === 0 && found['isRead'] === true;
    });
    expect(await json('list', '--stream', name)).toEqual([
      {
        stream: name,
        consumer: `${name}-${name}_n`,
        service: name,
        pattern: `${name}.n`,
        handler: 'Listener.on',
        method: 'Listener.on',
        isDurable: true,
        filters: [`${name}.n`],
        pending: 0,
        ackPending: 0,
        redelivered: 0,
        lastActive: expect.stringMatching(/^20.*Z$/),
        isRead: true,
      },
    ]);
    const [line] = await run('--service', name);
    expect(line).toMatch(
      new RegExp(
        `^${name}  ${name}-${name}_n  ${name}\\.n, Listener\\.on, service ${name}: 0 pending, 0 unacknowledged, 0 redelivered, last active 20.*Z, in use$`,
      ),
    );
    expect(await run('list', '--stream', name, '--orphans')).toEqual([]);
    expect(await run('list', '--service', 'nobody')).toEqual([]);
  });

  it('lists and removes consumers that nobody reads, with --yes only', async () => {
    const { name, consumer } = await stoppedService();
    const orphans = await json('list', '--stream', name, '--orphans');
    expect(orphans.filter(({ stream }) => stream === name)).toEqual([
      expect.objectContaining({ consumer: `${name}-${name}_m`, pending: 0 }),
      expect.objectContaining({ consumer, pending: 2, isRead: false }),
    ]);
    const lines: string[] = [];
    expect(await rejection(runInto(lines, ['remove', consumer, '--stream', name]))).toMatchObject({
      code: 'invalid-option',
      option: '--yes',
    });
    expect(lines[0]).toMatch(new RegExp(`^would be removed: ${name}  ${consumer} `));
    expect(await raw.consumers(name)).toHaveLength(2);
    expect(await run('remove', consumer, '--stream', name, '--yes')).toEqual([
      expect.stringMatching(new RegExp(`^removed: ${name}  ${consumer} `)),
    ]);
    expect(await raw.consumers(name)).toEqual([`${name}-${name}_m`]);
  });

  it('removes none that is in use, and none of the others named with it', async () => {
    const { name, consumer } = await stoppedService();
    await startService(name, [listener(`${name}.m`, () => undefined)]);
    const used = `${name}-${name}_m`;
    await until('it is read', async () =>
      (await json('--stream', name)).some((each) => each['isRead'] === true),
    );
    for (const flags of [[], ['--unacknowledged']])
      expect(
        await rejection(run('remove', consumer, used, '--stream', name, '--yes', ...flags)),
      ).toMatchObject({ code: 'invalid-option', given: used, message: expect.stringContaining('in use') });
    expect((await raw.consumers(name)).sort()).toEqual([used, consumer].sort());
  });

  it('removes none whose messages an instance may be handling, unless told to', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const consumer = `${name}-${name}_n`;
    let isCalled = false;
    const { app } = await startService(
      name,
      [
        listener(`${name}.n`, async () => {
          isCalled = true;
          return new Promise(() => undefined);
        }),
      ],
      { streamConfig, deadLetters: false, shutdownTimeoutMs: 0 },
    );
    await emitNumbers(name, 3);
    // it holds all that it may, and waits for no more
    await until('it is busy', async () => {
      const [found] = await json('--stream', name);
      return isCalled && found?.['isRead'] === false;
    });
    await pause(50);
    expect(await rejection(run('remove', consumer, '--yes'))).toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('--unacknowledged'),
    });
    expect(await raw.consumers(name)).toEqual([consumer]);
    await app.close();
    expect(await run('remove', consumer, '--yes', '--unacknowledged')).toHaveLength(1);
    expect(await raw.consumers(name)).toEqual([]);
  });

  it('rejects names that do not exist', async () => {
    const { name } = uniqueStream();
    expect(await rejection(run('remove', name, '--yes'))).toMatchObject({
      code: 'invalid-option',
      given: name,
    });
    expect(await rejection(run('remove'))).toMatchObject({ code: 'commander.missingArgument' });
    expect(await rejection(run('list', '--stream', 'a b'))).toMatchObject({ code: 'invalid-option' });
  });
});

describe('jetsource consumers, of reactors', () => {
  afterEach(stopReactors);

  /** A service `<name>-desk` with two reactors: `mail` has two lanes. */
  async function start(name = uniqueStoreName()): Promise<Service> {
    const store = await openStore({ name, events: ORDER_EVENTS });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const mail = recorded({ name: 'mail', lanes: 2, maxAttempts: 1, concurrency: 1 }, async ({ stream }) => {
      if (stream.id === 'bad') throw new UnrecoverableError('no');
      if (stream.category === 'slow') await held;
    });
    const print = recorded({ name: 'print' });
    const service = `${name}-desk`;
    const reactors = await startReactors(store, [mail.definition, print.definition], { service });
    return { name, service, store, reactors, mail, release };
  }

  it('lists service, reactor and lane, how far it is, and whether an instance runs it', async () => {
    const { name, service } = await start();
    const mail = `${service}-reactor_mail`;
    const one = {
      stream: name,
      service,
      isDurable: true,
      filters: [],
      pending: 0,
      ackPending: 0,
      redelivered: 0,
      isRead: true,
    };
    const found = await json('--stream', name);
    expect(found.map((each) => ({ ...each, filters: [] }))).toEqual([
      { ...one, consumer: `${mail}==0of2`, reactor: 'mail', lane: 0, lanes: 2 },
      { ...one, consumer: `${mail}==1of2`, reactor: 'mail', lane: 1, lanes: 2 },
      { ...one, consumer: `${service}-reactor_print==0of1`, reactor: 'print', lane: 0, lanes: 1 },
    ]);
    expect(found[2]?.['filters']).toEqual([`${name}.*.*.*`]);
    expect((await run('--service', service))[1]).toMatch(
      `  ${mail}==1of2  reactor mail, lane 1 of 2, service ${service}: 0 pending, 0 unacknowledged, 0 redelivered, never active, in use`,
    );
    expect(await run('--stream', name, '--orphans')).toEqual([]);
  });

  it('shows what reads the events that are redriven to a reactor', async () => {
    const { name, service, store, reactors } = await start();
    await store.append('count/bad', counted(1));
    await until('it is parked', async () => (await reactors.parked()).length === 1);
    await reactors.redrive('all');
    const letters = `${service}-dead-letters`;
    await until('it is read', async () =>
      (await run('--stream', name)).some((line) => line.startsWith(letters)),
    );
    expect((await run('--stream', name)).find((line) => line.startsWith(letters))).toMatch(
      `${letters}  ${service}-reactor_mail  dead letters of reactor mail, service ${service}: `,
    );
  });

  it('takes a lane whose handler is busy for one in use, and does not remove it', async () => {
    const { name, service, store, mail, release } = await start();
    // more than two lanes hold in advance
    await Promise.all(Array.from({ length: 800 }, async (_, id) => store.append(`slow/${id}`, counted(1))));
    const waiting = async (lane: number): Promise<unknown> => {
      const consumer = `${service}-reactor_mail==${lane}of2`;
      return (await raw.api<Record<string, unknown>>(`CONSUMER.INFO.${name}.${consumer}`))['num_waiting'];
    };
    const isBusy = async (): Promise<boolean> =>
      mail.calls.length === 2 && (await waiting(0)) === 0 && (await waiting(1)) === 0;
    // a lane that has all that it may hold asks for no more
    await until('both are busy', isBusy, 30_000);
    expect(await run('--stream', name, '--orphans')).toEqual([]);
    for (const { consumer } of await json('--stream', name))
      expect(
        await rejection(run('remove', String(consumer), '--stream', name, '--yes', '--unacknowledged')),
      ).toMatchObject({ code: 'invalid-option', message: expect.stringContaining('in use') });
    expect(await raw.consumers(name)).toHaveLength(3);
    release();
  }, 60_000);

  it('finds and removes those of a reactor that no instance has any more', async () => {
    const { name, service, reactors, store } = await start();
    const next = await startReactors(store, [recorded({ name: 'print' }).definition], { service });
    await reactors.stop();
    await store.append('count/1', counted(1));
    const names = [0, 1].map((lane) => `${service}-reactor_mail==${lane}of2`);
    await until('nobody reads those', async () => (await json('--stream', name, '--orphans')).length === 2);
    const orphans = await json('--stream', name, '--orphans');
    expect(orphans.map(({ consumer }) => consumer)).toEqual(names);
    expect(orphans.reduce((sum, { pending }) => sum + Number(pending), 0)).toBe(1);
    expect(await run('remove', ...names, '--stream', name, '--yes')).toHaveLength(2);
    expect(await next.orphans()).toEqual([]);
    expect(await raw.consumers(name)).toEqual([`${service}-reactor_print==0of1`]);
  });
});

interface Service {
  readonly name: string;
  readonly service: string;
  readonly store: Awaited<ReturnType<typeof openStore>>;
  readonly reactors: Awaited<ReturnType<typeof startReactors>>;
  readonly mail: ReturnType<typeof recorded>;
  readonly release: () => void;
}
