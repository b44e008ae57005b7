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
  it('prints the event types that a module exports, alone or in lists', async () => {
    expect(await run('first')).toEqual({
      isSound: true,
      lines: [
        'OrderPaid version 1, no JSON schema',
        'OrderPlaced version 1, formerly OrderCreated',
        'OrderShipped version 2, upcast from 1, no JSON schema',
      ],
    });
  });

  it('writes them to a file that passes the check as long as nothing has changed', async () => {
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

  it('reports compatible changes, and passes', async () => {
    await run('first', { write: file });
    const { isSound, lines } = await run('compatible', { check: file });
    expect(isSound).toBe(true);
    expect(lines.slice(4).toSorted()).toEqual([
      'compatible: InvoicePaid is new',
      'compatible: OrderLost is new',
      'compatible: OrderPaid is now an alias of InvoicePaid',
      'compatible: OrderPlaced now has the alias OrderBegun',
      'compatible: OrderShipped is now at version 3',
    ]);
  });

  it('reports breaking changes, and fails', async () => {
    await run('first', { write: file });
    const { isSound, lines } = await run('breaking', { check: file });
    expect(isSound).toBe(false);
    expect(lines.slice(2).toSorted()).toEqual([
      'BREAKING: OrderPaid was removed: its stored events can no longer be read; keep it, or make it an alias of another type',
      'BREAKING: OrderPlaced changed the shape of its data without a new version; raise the version and add an upcast',
      'BREAKING: OrderPlaced no longer has the alias OrderCreated',
      'BREAKING: OrderShipped no longer has an upcast from version 1',
      'compatible: OrderShipped is now at version 3',
    ]);
  });

  it('prints JSON', async () => {
    await run('first', { write: file });
    const { lines } = await run('breaking', { check: file, json: true });
    expect(lines).toHaveLength(1);
    const printed = JSON.parse(lines[0] ?? '') as { events: object; changes: unknown[] };
    expect(Object.keys(printed.events)).toEqual(['OrderPlaced', 'OrderShipped']);
    expect(printed.changes).toContainEqual({
      isBreaking: true,
      type: 'OrderPlaced',
      what: 'no longer has the alias OrderCreated',
    });
  });

  it('sets the exit code only for a breaking change', async () => {
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

  it('rejects a module that cannot be loaded or exports no event type, and a file that it did not write', async () => {
    await expect(run('missing')).rejects.toMatchObject({ code: 'invalid-option', option: 'module' });
    await expect(run('none')).rejects.toThrow(/a module that exports event types/);
    await writeFile(file, 'not JSON');
    await expect(run('first', { check: file })).rejects.toMatchObject({ option: '--check' });
  });
});
