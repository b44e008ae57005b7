// Installs the packed package and other packages into an empty project, checks the types of a program there,
// and runs it.
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');

/** Runs the program in the given folder. */
export async function runInProject(program, packages) {
  const manifest = { private: true, type: 'module' };
  await inProject({ program, packages, manifest }, async ({ project, run }) => {
    await cp(join(here, 'tsconfig.json'), join(project, 'tsconfig.json'));
    run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.']);
    run(process.execPath, ['main.js']);
  });
}

/** Calls back in an empty project that has these packages, this one, and the files of the program's folder. */
export async function inProject({ program, packages, manifest }, work) {
  const project = await mkdtemp(join(tmpdir(), `jetsource-${program}-`));
  const runIn = (cwd) => (command, args) => execFileSync(command, args, { cwd, stdio: 'inherit' });
  const run = runIn(project);
  try {
    runIn(root)('npm', ['pack', '--silent', '--pack-destination', project]);
    const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz'));
    await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
    await cp(join(here, program), project, { recursive: true });
    run('npm', [
      'install',
      '--silent',
      '--no-audit',
      '--no-fund',
      `./${tarball}`,
      ...packages,
      '@types/node@20',
    ]);
    await work({ project, run });
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}
