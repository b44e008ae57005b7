import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { runCommand } from '../../../src/testing/run-command.js';

/** Where PostgreSQL's programs are, and what they need to run. */
export interface PostgresPrograms {
  /** Folder of `initdb` and `postgres`. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The newest PostgreSQL of Debian's packages on this machine, else the one in the `PATH`, else Debian's package,
 * unpacked to the cache: apt runs in a temporary folder and needs no root for that.
 *
 * @returns the reason as a text when there is none.
 */
export async function findPostgres(): Promise<PostgresPrograms | string> {
  const env = environment();
  const inPath = (process.env['PATH'] ?? '').split(delimiter);
  for (const folder of [...(await debianFolders('/')), ...inPath]) {
    if (await holdsPrograms(folder)) return { folder, env };
  }
  return unpackedPackage(env);
}

/** Without what would tell PostgreSQL's programs about another server. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...Object.fromEntries(own), LC_ALL: 'C' };
}

async function debianFolders(root: string): Promise<string[]> {
  const base = join(root, 'usr/lib/postgresql');
  const versions = await readdir(base).catch((): string[] => []);
  return versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(base, version, 'bin'));
}

async function holdsPrograms(folder: string): Promise<boolean> {
  const found = ['initdb', 'postgres'].map((program) => access(join(folder, program), constants.X_OK));
  return Promise.all(found).then(
    () => true,
    () => false,
  );
}

async function unpackedPackage(env: NodeJS.ProcessEnv): Promise<PostgresPrograms | string> {
  const cache = cacheFolder();
  const known = await programsIn(cache, env);
  if (known !== undefined) return known;
  await mkdir(dirname(cache), { recursive: true });
  // on the same file system, so that it can be renamed
  const work = await mkdtemp(`${cache}-`);
  try {
    const fault = await unpack(work);
    if (fault !== undefined) return fault;
    // two processes may do so at once: the second one finds the folder of the first
    await rename(join(work, 'unpacked'), cache).catch(() => undefined);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return (await programsIn(cache, env)) ?? 'the package of Debian holds no PostgreSQL';
}

/** Root starts PostgreSQL as another user, who cannot read the home of root. */
function cacheFolder(): string {
  const home = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const base = process.getuid?.() === 0 ? '/var/cache' : home;
  return join(base, 'jetsource', `postgresql-${process.arch}`);
}

async function programsIn(root: string, env: NodeJS.ProcessEnv): Promise<PostgresPrograms | undefined> {
  for (const folder of await debianFolders(root)) {
    if (!(await holdsPrograms(folder))) continue;
    const libraries = await libraryFolders(root);
    return { folder, env: { ...env, LD_LIBRARY_PATH: libraries.join(delimiter) } };
  }
  return undefined;
}

async function libraryFolders(root: string): Promise<string[]> {
  const lists = ['usr/lib', 'lib'].map(async (base) => {
    const names = await readdir(join(root, base)).catch((): string[] => []);
    return names.filter((name) => name.includes('-linux-')).map((name) => join(root, base, name));
  });
  return (await Promise.all(lists)).flat();
}

/** Downloads the server and the libraries that the machine lacks, and unpacks them. */
async function unpack(work: string): Promise<string | undefined> {
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'unpacked']) {
    await mkdir(join(work, part), { recursive: true });
  }
  const apt = async (command: string, args: string[]) =>
    runCommand(command, [...privateFolders(work), ...args], { timeoutMs: 120_000, cwd: work });
  const updated = await apt('apt-get', ['update']);
  if (!updated.ok) return `apt-get update failed: ${updated.reason}`;
  const depends = await apt('apt-cache', ['depends', 'postgresql']);
  const server = /Depends: (postgresql-\d+)/.exec(depends.stdout)?.[1];
  if (server === undefined) return 'apt knows no package postgresql';
  const planned = await apt('apt-get', ['--simulate', '--no-install-recommends', 'install', server]);
  if (!planned.ok) return `apt-get cannot install ${server}: ${planned.reason}`;
  const names = [...planned.stdout.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name as string);
  const downloaded = await apt('apt-get', ['download', ...names.filter(isNeeded)]);
  if (!downloaded.ok) return `apt-get download failed: ${downloaded.reason}`;
  const archives = (await readdir(work)).filter((name) => name.endsWith('.deb'));
  for (const archive of archives) {
    const unpacked = await runCommand('dpkg-deb', ['-x', archive, 'unpacked'], {
      timeoutMs: 60_000,
      cwd: work,
    });
    if (!unpacked.ok) return `dpkg-deb failed: ${unpacked.reason}`;
  }
  return undefined;
}

/** The compiler of queries is large, and is not loaded with `jit` off. */
function isNeeded(name: string): boolean {
  return /^(?:postgresql-\d+$|lib(?!c6))/.test(name) && !/llvm|perl/.test(name);
}

function privateFolders(work: string): string[] {
  return [
    ...['-o', `Dir::State::lists=${join(work, 'state/lists')}`],
    ...['-o', `Dir::Cache=${join(work, 'cache')}`],
    ...['-o', 'Acquire::Languages=none'],
    ...['-o', 'APT::Update::Error-Mode=any'],
  ];
}
