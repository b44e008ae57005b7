// Installs the packed package beside Nest 11 into a project of its own, checks its types there, and runs a program that uses the transport.
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const project = await mkdtemp(join(tmpdir(), 'jetsource-nest-11-'));

function run(command, args, cwd) {
  execFileSync(command, args, { cwd, stdio: 'inherit' });
}

try {
  run('npm', ['pack', '--silent', '--pack-destination', project], root);
  const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz'));
  const nest = ['common', 'core', 'cqrs', 'microservices', 'platform-express'].map(
    (name) => `@nestjs/${name}@^11`,
  );
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await cp(join(here, 'program'), project, { recursive: true });
  const packages = [`./${tarball}`, ...nest, 'reflect-metadata', 'rxjs', '@types/node@20'];
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', ...packages], project);
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], project);
  run(process.execPath, ['main.js'], project);
} finally {
  await rm(project, { recursive: true, force: true });
}
