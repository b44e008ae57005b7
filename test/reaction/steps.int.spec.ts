import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(join(tmpdir(), 'steps-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a handler with steps', () => {
  it('that is killed between two steps repeats neither', async () => {
    const name = uniqueStoreName();
    const store = await openStore({ name, events: ORDER_EVENTS });
    const { position = '' } = await store.append('order/1', [new OrderPlaced('ada')]);
    const file = join(folder, 'effects');
    const handle = (last: string): { signal: string | null; stdout: string } => {
      const loader = pathToFileURL(join(root, 'test/support/register-typescript.mjs')).href;
      const program = join(root, 'test/support/ship-and-die.ts');
      const args = ['--import', loader, program, sharedServerUrl(), name, position, file, last];
      return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    };
    expect(handle('charge')).toMatchObject({ signal: 'SIGKILL', stdout: 'charge by this process\n' });
    expect(handle('label')).toMatchObject({
      signal: 'SIGKILL',
      stdout: 'charge by another process\nlabel by this process\n',
    });
    expect(handle('never')).toMatchObject({
      signal: null,
      stdout: 'charge by another process\nlabel by another process\nship by this process\n',
    });
    expect(readFileSync(file, 'utf8')).toBe('charge\nlabel\nship\n');
  }, 120_000);
});
