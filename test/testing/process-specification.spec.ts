import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rejection } from '../support/collect.js';
import { PROCESS_CASES } from './process-specification-cases.js';
import type { SpecificationCase } from './specification-cases.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const holding = PROCESS_CASES.filter(({ fails }) => fails === undefined);
const failing = PROCESS_CASES.filter(({ fails }) => fails !== undefined);

function titled(cases: readonly SpecificationCase[]): [string, SpecificationCase][] {
  return cases.map((one) => [one.title, one]);
}

describe('given, when, then of process managers', () => {
  it.each(titled(holding))('passes for %s', async (_, { run }) => {
    expect(await run()).toBeUndefined();
  });

  it.each(titled(failing))('fails for %s', async (_, { run, fails }) => {
    expect(await rejection(run())).toMatchObject({ message: expect.stringMatching(fails as RegExp) });
  });

  it('works with the test runner of Node', () => {
    const loader = pathToFileURL(join(root, 'test/support/register-typescript.mjs')).href;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        '--import',
        loader,
        '--test',
        '--test-reporter',
        'tap',
        join(here, 'process-specification.node-test.ts'),
      ],
      { cwd: root, encoding: 'utf8', env },
    );
    expect(stdout).toContain(`# pass ${PROCESS_CASES.length}`);
    expect(status).toBe(0);
  }, 60_000);
});
