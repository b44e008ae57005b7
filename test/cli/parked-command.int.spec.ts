import { parkedCommand } from '../../src/cli/parked-command.js';
import { Reactors } from '../../src/reaction/reactor/reactors.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { rejection, until } from '../support/collect.js';
import { ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { sharedServerUrl } from '../support/server-url.js';

/** What the command prints. */
async function run(store: string, ...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const command = parkedCommand((line) => lines.push(line));
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...args, '--store', store, '--servers', sharedServerUrl()], { from: 'user' });
  return lines;
}

const running: Reactors[] = [];

/** A service with a reactor that fails until it is repaired, and two events that it gave up on. */
async function startBroken(): Promise<{
  name: string;
  repair: () => void;
  handled: string[];
  reactors: Reactors;
}> {
  const name = uniqueStoreName();
  const store = await openStore({ name, events: ORDER_EVENTS });
  const handled: string[] = [];
  let isBroken = true;
  const handle = ({ stream }: { stream: { id: string } }): void => {
    if (isBroken) throw new TypeError('the printer is on fire');
    handled.push(stream.id);
  };
  const reactors = new Reactors(store, [{ name: 'print', maxAttempts: 1, handle }], { service: name });
  running.push(reactors);
  await reactors.start();
  for (const id of ['1', '2']) await store.append(`order/${id}`, [new OrderPlaced('ada')]);
  await until('both are parked', async () => (await reactors.parked()).length === 2);
  return { name, repair: () => (isBroken = false), handled, reactors };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map(async (reactors) => reactors.stop()));
});

describe('jetsource parked', () => {
  it('lists what reactors gave up on, oldest first, as text or as JSON', async () => {
    const { name } = await startBroken();
    const lines = await run(name, 'list');
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toMatch(
      /^1 {2}20.*Z {2}\S+ of order\/[12] for print, 1 attempts: TypeError: the printer is on fire$/m,
    );
    const json = await run(name, 'list', '--reactor', 'print', '--limit', '1', '--json');
    expect(json.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        id: 1,
        reactor: 'print',
        attempts: 1,
        stream: expect.stringMatching(/^order/),
      }),
    ]);
    expect(await run(name, 'list', '--reactor', 'other')).toEqual([]);
  });

  it('shows one with its event, as it is stored, and the stack of its error', async () => {
    const { name } = await startBroken();
    const text = (await run(name, 'show', '1')).join('\n');
    expect(text).toMatch(/at .*parked-command\.int\.spec\.ts/);
    expect(text).toMatch(/"customer": "ada"/);
    const [line = ''] = await run(name, 'show', '1', '--json');
    expect(JSON.parse(line)).toMatchObject({ event: { type: 'OrderPlaced', data: { customer: 'ada' } } });
  });

  it('redrives one, those of a reactor, or all', async () => {
    const { name, repair, handled, reactors } = await startBroken();
    repair();
    expect(await run(name, 'redrive', '1')).toEqual(['1 redriven']);
    await until('it is handled', () => handled.length === 1);
    expect(await run(name, 'redrive', '--reactor', 'print', '--json')).toEqual(['{"redriven":1}']);
    await until('both are handled', () => handled.length === 2);
    expect(handled.toSorted()).toEqual(['1', '2']);
    await until('none is left', async () => (await reactors.parked()).length === 0);
  });

  it('discards some', async () => {
    const { name, reactors } = await startBroken();
    expect(await run(name, 'discard', '--all')).toEqual(['2 discarded']);
    expect(await reactors.parked()).toEqual([]);
  });

  it('asks which are meant, and refuses a number that there is not', async () => {
    const { name } = await startBroken();
    expect(await rejection(run(name, 'redrive'))).toMatchObject({ code: 'invalid-option' });
    expect(await rejection(run(name, 'discard', '1', '--all'))).toMatchObject({ code: 'invalid-option' });
    expect(await rejection(run(name, 'redrive', '99'))).toMatchObject({ code: 'dead-letter-not-found' });
  });
});
