import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rejection } from '../support/collect.js';
import type { SpecificationCase } from './specification-cases.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

/**
 * Runs the cases of a given/when/then under jest, and under the test runner of Node.
 *
 * @param nodeTest The file that runs them there.
 */
export function runCases(title: string, cases: readonly SpecificationCase[], nodeTest: string): void {
  const titled = (fails: boolean): [string, SpecificationCase][] =>
    cases.filter((one) => (one.fails !== undefined) === fails).map((one) => [one.title, one]);

  describe(title, () => {
    it.each(titled(false))('passes for %s', async (_, { run }) => {
      expect(await run()).toBeUndefined();
    });

    it.each(titled(true))('fails for %s', async (_, { run, fails }) => {
      expect(await rejection(run())).toMatchObject({ message: expect.stringMatching(fails as RegExp) });
    });

    it('works with the test runner of Node', () => {
      const loader = pathToFileURL(join(root, 'test/support/register-typescript.mjs')).href;
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const { status, stdout } = spawnSync(
        process.execPath,
        ['--import', loader, '--test', '--test-reporter', 'tap', join(here, nodeTest)],
        { cwd: root, encoding: 'utf8', env },
      );
      expect(stdout).toContain(`# pass ${cases.length}`);
      expect(status).toBe(0);
    }, 60_000);
  });
}
