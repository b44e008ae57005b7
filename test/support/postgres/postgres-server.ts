import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type StartedPostgres, startPostgres } from './start-postgres.js';

/** A server, by the connection string of its database `postgres`; or why there is none. */
export type FoundPostgres = { readonly url: string } | { readonly missing: string };

const WAIT_MS = 150_000;

/**
 * The PostgreSQL for specs: the one of `DATABASE_URL`, else one that is started for the whole run by the first
 * spec file that asks for it, and ends with the run, also when that is killed.
 */
export async function postgresServer(): Promise<FoundPostgres> {
  const given = process.env['DATABASE_URL'];
  if (given) return { url: given };
  // a folder for the run, named after the process that all workers were started by
  const runner = Number(process.env['JETSOURCE_TEST_RUNNER'] ?? process.pid);
  const folder = join(tmpdir(), `jetsource-postgres-${runner}`);
  const isFirst = await mkdir(folder).then(
    () => true,
    () => false,
  );
  if (isFirst) await announce(folder, await startPostgres(folder, runner));
  return found(await announced(folder));
}

/** The title of a `describe` of specs that need PostgreSQL: it says when they are skipped, and why. */
export function titleFor(title: string, server: FoundPostgres): string {
  return 'url' in server ? title : `${title} (skipped: no PostgreSQL, ${server.missing})`;
}

/** A server of its own. */
export interface OwnPostgres {
  readonly url: string;
  /** Stops it and starts it again: sessions end. Resolves when it answers again. */
  restart(): Promise<void>;
  stop(): void;
}

/** Starts a server that is of one spec only. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'jetsource-postgres-own-'));
  const started = await startPostgres(folder, process.pid);
  if (typeof started === 'string') throw new TypeError(started);
  const url = urlOf(started);
  return {
    url,
    stop: () => void process.kill(started.guard, 'SIGTERM'),
    restart: async () => {
      const before = await startOf(url);
      process.kill(started.guard, 'SIGUSR1');
      for (;;) {
        const now = await startOf(url).catch(() => before);
        if (now !== before) return;
        await sleep(50);
      }
    },
  };
}

async function startOf(url: string): Promise<unknown> {
  const [row] = await runAlone(url, 'select pg_postmaster_start_time()::text as started');
  return row?.['started'];
}

/** A new database on the server, dropped by `drop`. */
export async function newDatabase(server: { readonly url: string }): Promise<{
  readonly url: string;
  drop(): Promise<unknown>;
}> {
  const name = `jetsource_test_${randomBytes(6).toString('hex')}`;
  await runAlone(server.url, `create database ${name}`);
  const url = new URL(server.url);
  url.pathname = name;
  return {
    url: url.href,
    drop: async () => runAlone(server.url, `drop database if exists ${name} with (force)`),
  };
}

async function runAlone(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function found(started: StartedPostgres | string): FoundPostgres {
  if (typeof started === 'string') return { missing: started };
  return { url: urlOf(started) };
}

function urlOf({ port }: StartedPostgres): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

async function announce(folder: string, started: StartedPostgres | string): Promise<void> {
  // the guard of a server that did not start has removed it
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'started.json');
  await writeFile(`${file}.new`, JSON.stringify(started));
  await rename(`${file}.new`, file);
}

async function announced(folder: string): Promise<StartedPostgres | string> {
  const deadline = Date.now() + WAIT_MS;
  while (Date.now() < deadline) {
    const text = await readFile(join(folder, 'started.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as StartedPostgres | string;
    await sleep(50);
  }
  return `nothing was announced in ${folder}`;
}
