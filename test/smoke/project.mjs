// Installs the packed package and other packages into an empty project, checks the types of a program there,
// and runs it.
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');

/** Runs the program in the given folder. */
export async function runInProject(program, packages) {
  const project = await mkdtemp(join(tmpdir(), `jetsource-${program}-`));
  const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: 'inherit' });
  try {
    run('npm', ['pack', '--silent', '--pack-destination', project], root);
    const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz'));
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    await cp(join(here, program), project, { recursive: true });
    await cp(join(here, 'tsconfig.json'), join(project, 'tsconfig.json'));
    const all = [`./${tarball}`, ...packages, '@types/node@20'];
    run('npm', ['install', '--silent', '--no-audit', '--no-fund', ...all], project);
    run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], project);
    run(process.execPath, ['main.js'], project);
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}
