import { mkdir, readdir, readFile, access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { fetchedBinary } from './fetched-binary.js';
import type { NatsServerBinary } from './nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from './nats-server-step.js';
import { runCommand } from './run-command.js';

/**
 * Step 5: on Debian, the package of the `sid` suite. apt runs in a temporary folder, so it needs no root and
 * changes nothing on the machine. It still checks Debian's signatures.
 */
export const debianPackageStep: NatsServerStep<NatsServerBinary> = {
  name: 'Debian package (sid)',
  slow: true,
  run,
};

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const UPDATE_TIMEOUT_MS = 60_000;
const DOWNLOAD_TIMEOUT_MS = 120_000;

async function run(context: StepContext): Promise<StepResult<NatsServerBinary>> {
  const release =
    context.platform === 'linux' ? await readFile('/etc/os-release', 'utf8').catch(() => '') : '';
  if (!/^ID="?debian"?$/m.test(release)) return { reason: 'the system is not Debian' };
  const codename = /^VERSION_CODENAME="?([\w-]+)"?$/m.exec(release)?.[1] ?? 'sid';
  const listed = await runCommand('apt-get', ['--print-uris', 'update'], {
    timeoutMs: 10_000,
    signal: context.signal,
  });
  if (!listed.ok) return { reason: `apt-get cannot list its sources: ${listed.reason}` };
  const mirror = mirrorOf(listed.stdout, codename);
  if (mirror === undefined) return { reason: `apt-get has no source for ${codename}` };
  return fetchedBinary(context, (folder) => unpackPackage(folder, mirror, context.signal));
}

/**
 * The mirror of the release: the part before `/dists/` of its source in the output of
 * `apt-get --print-uris update`.
 */
export function mirrorOf(printedUris: string, codename: string): string | undefined {
  const suites = new Set([codename, 'sid', 'unstable', 'testing', 'stable']);
  for (const [, base, suite] of printedUris.matchAll(/^'([^']+)\/dists\/([^/']+)\/InRelease'/gm)) {
    if (suite !== undefined && suites.has(suite)) return base;
  }
  return undefined;
}

async function unpackPackage(folder: string, mirror: string, signal: AbortSignal | undefined): Promise<void> {
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'none']) {
    await mkdir(join(folder, part), { recursive: true });
  }
  const signedBy = (await exists(KEYRING)) ? ` [signed-by=${KEYRING}]` : '';
  await writeFile(join(folder, 'sources.list'), `deb${signedBy} ${mirror} sid main\n`);
  const settings = privateFolders(folder);
  await must('apt-get', [...settings, 'update'], { timeoutMs: UPDATE_TIMEOUT_MS, cwd: folder, signal });
  await must('apt-get', [...settings, 'download', 'nats-server'], {
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    cwd: folder,
    signal,
  });
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new NatsServerUnavailableError('apt-get downloaded no package');
  await must('dpkg-deb', ['-x', archive, 'unpacked'], { timeoutMs: 30_000, cwd: folder, signal });
}

function privateFolders(folder: string): string[] {
  const settings = {
    'Dir::State': 'state',
    'Dir::State::lists': 'state/lists',
    'Dir::Cache': 'cache',
    'Dir::Etc::sourcelist': 'sources.list',
    'Dir::Etc::sourceparts': 'none',
    'Dir::Etc::preferences': 'none/preferences',
    'Dir::Etc::preferencesparts': 'none',
  };
  const folders = Object.entries(settings).flatMap(([key, path]) => ['-o', `${key}=${join(folder, path)}`]);
  return [...folders, '-o', 'Acquire::Languages=none', '-o', 'APT::Update::Error-Mode=any'];
}

async function must(
  command: string,
  args: string[],
  options: { timeoutMs: number; cwd: string; signal: AbortSignal | undefined },
): Promise<void> {
  const result = await runCommand(command, args, options);
  if (!result.ok) throw new NatsServerUnavailableError(`${command} failed: ${result.reason}`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
