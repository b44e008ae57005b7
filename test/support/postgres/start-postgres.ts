import { spawn } from 'node:child_process';
import { chown, open, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../../src/testing/free-ports.js';
import { runCommand } from '../../../src/testing/run-command.js';
import { findPostgres, type PostgresPrograms } from './postgres-programs.js';

/** A user that may run PostgreSQL, which refuses to run as root. */
interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface StartedPostgres {
  readonly port: number;
  /**
   * Process id of the guard: SIGTERM ends the server and removes its folder, SIGUSR1 starts the server again.
   */
  readonly guard: number;
}

const START_TIMEOUT_MS = 60_000;

/**
 * Runs the server until process `$1` has ended or the guard gets a SIGTERM, and removes folder `$2`. SIGUSR1
 * starts the server again. The guard may run as another user than `$1`, and so may not send it a signal.
 */
const GUARD = `
watched=$1; folder=$2; shift 2
stop=; again=
trap 'stop=1' TERM
trap 'again=1' USR1
alive() { if [ -d /proc/self ]; then [ -d "/proc/$watched" ]; else kill -0 "$watched" 2>/dev/null; fi; }
"$@" >"$folder/log" 2>&1 &
server=$!
while [ -z "$stop" ] && alive && kill -0 "$server" 2>/dev/null; do
  sleep 0.3
  [ -n "$again" ] || continue
  again=
  kill -INT "$server"; wait "$server"
  "$@" >>"$folder/log" 2>&1 &
  server=$!
done
kill -QUIT "$server" 2>/dev/null
wait "$server"
cd / && rm -rf "$folder"
`;

/**
 * Starts a PostgreSQL in a folder, which exists and is empty, on a free port of 127.0.0.1. It ends with process
 * `until`, however that ends.
 *
 * @returns the reason as a text when there is no PostgreSQL.
 */
export async function startPostgres(folder: string, until: number): Promise<StartedPostgres | string> {
  const programs = await findPostgres();
  if (typeof programs === 'string') return programs;
  const user = await userForPostgres();
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const fault = await createCluster(programs, { folder, user });
  if (fault !== undefined) return fault;
  const [port = 0] = await freePorts(1);
  const guard = spawn(
    '/bin/sh',
    [
      '-c',
      GUARD,
      'postgres-guard',
      String(until),
      folder,
      join(programs.folder, 'postgres'),
      ...serverArguments(folder, port),
    ],
    { ...user, env: programs.env, cwd: folder, detached: true, stdio: 'ignore' },
  );
  guard.unref();
  const ended = await untilItListens(port, () => guard.exitCode !== null);
  if (ended) return `PostgreSQL did not start: ${await readFile(join(folder, 'log'), 'utf8').catch(String)}`;
  return { port, guard: guard.pid ?? 0 };
}

/** Undefined for the user of this process. */
async function userForPostgres(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => runCommand('id', [flag, name], { timeoutMs: 5_000 })),
    );
    if (uid?.ok && gid?.ok) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  return undefined;
}

async function createCluster(
  { folder: programs, env }: PostgresPrograms,
  { folder, user }: { folder: string; user: User | undefined },
): Promise<string | undefined> {
  const args = ['-D', join(folder, 'data'), '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8'];
  const log = await open(join(folder, 'initdb.log'), 'w');
  const child = spawn(join(programs, 'initdb'), [...args, '--locale=C'], {
    ...user,
    env,
    cwd: folder,
    stdio: ['ignore', log.fd, log.fd],
  });
  const code = await new Promise<unknown>((resolve) => child.on('exit', resolve).on('error', resolve));
  await log.close();
  if (code === 0) return undefined;
  return `initdb failed: ${String(code)} ${await readFile(join(folder, 'initdb.log'), 'utf8')}`;
}

function serverArguments(folder: string, port: number): string[] {
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'jit=off',
    'max_connections=200',
    'shared_buffers=32MB',
  ];
  return ['-D', join(folder, 'data'), '-p', String(port), ...settings.flatMap((text) => ['-c', text])];
}

async function untilItListens(port: number, hasEnded: () => boolean): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && !hasEnded()) {
    if (await answers(port)) return false;
    await sleep(50);
  }
  return true;
}

/** A server that starts accepts connections, but refuses sessions: it answers the start of one with an error. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      // R asks for the password or accepts the user, E is an error
      socket.once('data', (bytes) => resolve(bytes[0] === 'R'.charCodeAt(0)));
      socket.write(startupMessage());
    });
  } finally {
    socket.destroy();
  }
}

function startupMessage(): Buffer {
  const body = Buffer.from('\0\x03\0\0user\0postgres\0database\0postgres\0\0', 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}
