import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventsCommand, type EventsFlags, runEvents } from '../../src/cli/events-command.js';

const modules = join(dirname(fileURLToPath(import.meta.url)), 'events');
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jetsource-events-'));
  file = join(folder, 'events.json');
});

afterEach(async () => rm(folder, { recursive: true }));

async function run(module: string, flags: EventsFlags = {}): Promise<{ isSound: boolean; lines: string[] }> {
  const lines: string[] = [];
  const isSound = await runEvents(join(modules, `${module}.ts`), flags, (line) => lines.push(line));
  return { isSound, lines };
}

describe('jetsource events', () => {
  it('prints the types that a module exports, alone or in lists', async () => {
    expect(await run('first')).toEqual({
      isSound: true,
      lines: [
        'OrderPaid version 1, no JSON schema',
        'OrderPlaced version 1, formerly OrderCreated',
        'OrderShipped version 2, upcast from 1, no JSON schema',
      ],
    });
  });

  it('writes them to a file that holds as long as nothing has changed', async () => {
    await run('first', { write: file });
    const written = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    expect(Object.keys(written)).toEqual(['OrderPaid', 'OrderPlaced', 'OrderShipped']);
    expect(written['OrderPlaced']).toMatchObject({
      schema: { properties: { customer: { type: 'string' } } },
    });
    const { isSound, lines } = await run('first', { check: file });
    expect(isSound).toBe(true);
    expect(lines).toHaveLength(3);
  });

  it('tells of compatible changes, and passes', async () => {
    await run('first', { write: file });
    const { isSound, lines } = await run('compatible', { check: file });
    expect(isSound).toBe(true);
    expect(lines.slice(4).toSorted()).toEqual([
      'compatible: InvoicePaid is new',
      'compatible: OrderLost is new',
      'compatible: OrderPaid is an alias of InvoicePaid now',
      'compatible: OrderPlaced has the alias OrderBegun now',
      'compatible: OrderShipped is at version 3 now',
    ]);
  });

  it('tells of breaking changes, and fails', async () => {
    await run('first', { write: file });
    const { isSound, lines } = await run('breaking', { check: file });
    expect(isSound).toBe(false);
    expect(lines.slice(2).toSorted()).toEqual([
      'BREAKING: OrderPaid is gone: stored events of it cannot be read; keep it, or make it an alias',
      'BREAKING: OrderPlaced has data of another shape under the same version; raise the version and add an upcast',
      'BREAKING: OrderPlaced has lost its alias OrderCreated',
      'BREAKING: OrderShipped has no upcast from version 1 any more',
      'compatible: OrderShipped is at version 3 now',
    ]);
  });

  it('prints JSON for programs', async () => {
    await run('first', { write: file });
    const { lines } = await run('breaking', { check: file, json: true });
    expect(lines).toHaveLength(1);
    const printed = JSON.parse(lines[0] ?? '') as { events: object; changes: unknown[] };
    expect(Object.keys(printed.events)).toEqual(['OrderPlaced', 'OrderShipped']);
    expect(printed.changes).toContainEqual({
      isBreaking: true,
      type: 'OrderPlaced',
      what: 'has lost its alias OrderCreated',
    });
  });

  it('sets the exit code of the process at a breaking change only', async () => {
    await run('first', { write: file });
    for (const [module, code] of [
      ['compatible', undefined],
      ['breaking', 1],
    ] as const) {
      const command = eventsCommand(() => undefined);
      await command.parseAsync([join(modules, `${module}.ts`), '--check', file], { from: 'user' });
      expect(process.exitCode).toBe(code);
      process.exitCode = undefined;
    }
  });

  it('refuses a module that cannot be loaded, or exports no event type, and a file that is none of its own', async () => {
    await expect(run('missing')).rejects.toMatchObject({ code: 'invalid-option', option: 'module' });
    await expect(run('none')).rejects.toThrow(/a module that exports event types/);
    await writeFile(file, 'not JSON');
    await expect(run('first', { check: file })).rejects.toMatchObject({ option: '--check' });
  });
});
