import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A PostgreSQL to measure on. */
export interface BenchPostgres {
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

/**
 * The PostgreSQL of `DATABASE_URL`, else one of Debian's packages or of the `PATH`, started in a temporary
 * folder. That one writes to disk, but a commit does not wait for it (`synchronous_commit=off`).
 *
 * @returns undefined when there is none.
 */
export async function benchPostgres(): Promise<BenchPostgres | undefined> {
  const given = process.env['DATABASE_URL'];
  if (given) return { url: given, version: await versionOf(given), stop: async () => undefined };
  try {
    return await started(programs());
  } catch (error) {
    console.log(`no PostgreSQL: ${String(error)}`);
    return undefined;
  }
}

/** Folder of the programs, with a slash; empty for those of the `PATH`. */
function programs(): string {
  const base = '/usr/lib/postgresql';
  try {
    const [newest] = readdirSync(base).toSorted((a, b) => Number(b) - Number(a));
    return newest === undefined ? '' : `${base}/${newest}/bin/`;
  } catch {
    return '';
  }
}

async function started(folder: string): Promise<BenchPostgres> {
  const home = mkdtempSync(join(tmpdir(), 'jetsource-bench-postgres-'));
  const data = join(home, 'data');
  const user = userForPostgres();
  if (user !== undefined) chownSync(home, user.uid, user.gid);
  const options = { ...user, cwd: home, stdio: 'ignore' } as const;
  execFileSync(`${folder}initdb`, ['-D', data, '-U', 'postgres', '--auth=trust', '--locale=C'], options);
  const port = 20_000 + (process.pid % 20_000);
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${home}`,
    'synchronous_commit=off',
    'jit=off',
  ];
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  const server = spawn(`${folder}postgres`, args, options);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const end = (): void => void server.kill('SIGINT');
  process.once('exit', end);
  // an interrupted process has no exit event
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const version = await untilItAnswers(url);
  return {
    url,
    version,
    stop: async () => {
      const ended = once(server, 'exit');
      end();
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
function userForPostgres(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'])));
  return { uid: uid as number, gid: gid as number };
}

async function untilItAnswers(url: string): Promise<string> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await versionOf(url);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

async function versionOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? '';
  } finally {
    await client.end();
  }
}
