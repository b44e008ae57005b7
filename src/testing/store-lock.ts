import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';

/**
 * Prevents two servers on one store folder. nats-server does not check this, and two servers lose data
 * silently.
 *
 * The lock is a folder in the store folder with a file for each process that uses the store. It is held as
 * long as one of these processes runs, so a crash needs no clean-up. Processes on other machines, or in
 * containers with their own process ids, are not detected.
 */
export class StoreLock {
  readonly #folder: string;
  readonly #mine: string[];

  private constructor(folder: string, first: string) {
    this.#folder = folder;
    this.#mine = [first];
  }

  /**
   * Takes the lock for this process.
   *
   * @throws {@link NatsServerUnavailableError} when a running process holds it
   */
  static async take(storeDir: string): Promise<StoreLock> {
    const folder = join(storeDir, LOCK_NAME);
    const first = nameOf(await identifyProcess(process.pid));
    const prepared = await mkdtemp(`${folder}-`);
    try {
      await writeFile(join(prepared, first), '');
      // other processes can take and release the lock between the attempts
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        if (await moveTo(prepared, folder)) return new StoreLock(folder, first);
        await clear(folder, storeDir);
      }
    } catch (error) {
      await rm(prepared, { recursive: true, force: true });
      throw error;
    }
    await rm(prepared, { recursive: true, force: true });
    throw new NatsServerUnavailableError(`cannot lock the store folder ${storeDir}; remove ${folder}`);
  }

  /** Keeps the lock while another process runs, even after this one has ended. */
  async add(pid: number): Promise<void> {
    const name = nameOf(await identifyProcess(pid));
    // the whole store folder may have been removed
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, name), '');
    this.#mine.push(name);
  }

  /** Releases the lock. It stays held until the processes that were added have ended. */
  async release(): Promise<void> {
    for (const name of this.#mine) {
      const holder = parse(name);
      if (holder?.pid !== process.pid && (await holds(holder))) continue;
      await rm(join(this.#folder, name), { force: true });
    }
    await removeEmpty(this.#folder);
  }
}

const LOCK_NAME = 'jetsource.lock';
const ATTEMPTS = 100;

/** Whether `prepared` became the lock: a rename fails if the target folder is not empty. */
async function moveTo(prepared: string, folder: string): Promise<boolean> {
  try {
    await rename(prepared, folder);
    return true;
  } catch (error) {
    // EPERM and EACCES are the codes of Windows
    if (hasCode(error, ['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'])) return false;
    throw error;
  }
}

/**
 * Removes the files of processes that have ended. File names are unique, so the file of a new holder is never
 * removed.
 */
async function clear(folder: string, storeDir: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if (hasCode(error, ['ENOENT'])) return [];
    throw error;
  });
  // oldest first, so that the error names the program that started the server, not the server
  for (const name of names.toSorted((a, b) => sinceOf(a) - sinceOf(b))) {
    const holder = parse(name);
    if (await holds(holder)) {
      throw new NatsServerUnavailableError(
        `the store folder ${storeDir} is in use by process ${holder?.pid}, and two servers on one folder lose data; ` +
          `stop that process, or use another folder`,
      );
    }
    await rm(join(folder, name), { force: true });
  }
  await removeEmpty(folder);
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!hasCode(error, ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'])) throw error;
  });
}

async function holds(holder: ProcessIdentity | undefined): Promise<boolean> {
  return holder !== undefined && (await isRunning(holder));
}

function nameOf({ pid, since }: ProcessIdentity): string {
  return `${pid}-${since}-${randomUUID()}`;
}

function parse(name: string): ProcessIdentity | undefined {
  const [, pid, since] = /^(\d+)-(\d*)-/.exec(name) ?? [];
  return pid === undefined || since === undefined ? undefined : { pid: Number(pid), since };
}

function sinceOf(name: string): number {
  return Number(parse(name)?.since ?? 0);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return isNativeError(error) && 'code' in error && codes.includes(String(error.code));
}
