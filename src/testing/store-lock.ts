import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';

/**
 * Keeps a second server off a store folder: nats-server itself does not, and two of them lose data silently.
 *
 * The lock is a folder in the store folder, with a file for each process that keeps the store busy. It holds as long as
 * one of these runs, so nothing has to be tidied up after a crash. Processes of other machines, and of containers with
 * process ids of their own, are not seen.
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
   * @throws {@link NatsServerUnavailableError} when a process that runs has it
   */
  static async take(storeDir: string): Promise<StoreLock> {
    const folder = join(storeDir, LOCK_NAME);
    const first = nameOf(await identifyProcess(process.pid));
    const prepared = await mkdtemp(`${folder}-`);
    try {
      await writeFile(join(prepared, first), '');
      // others may come and go between a look and a try
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        if (await moveTo(prepared, folder)) return new StoreLock(folder, first);
        await clear(folder, storeDir);
      }
    } catch (error) {
      await rm(prepared, { recursive: true, force: true });
      throw error;
    }
    await rm(prepared, { recursive: true, force: true });
    throw new NatsServerUnavailableError(`the store folder ${storeDir} cannot be locked; remove ${folder}`);
  }

  /** Has the lock hold while that process runs, too, also when this one is gone. */
  async add(pid: number): Promise<void> {
    const name = nameOf(await identifyProcess(pid));
    // somebody may have removed the whole store folder
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, name), '');
    this.#mine.push(name);
  }

  /** Frees the folder, as soon as the other processes that were added are gone. */
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

/** Whether `prepared` became the lock: a folder can only be moved to where there is none, or an empty one. */
async function moveTo(prepared: string, folder: string): Promise<boolean> {
  try {
    await rename(prepared, folder);
    return true;
  } catch (error) {
    // the last two are what Windows says
    if (hasCode(error, ['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'])) return false;
    throw error;
  }
}

/** Removes what processes left that are gone. No two files ever have the same name, so none of a new holder is hit. */
async function clear(folder: string, storeDir: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if (hasCode(error, ['ENOENT'])) return [];
    throw error;
  });
  // oldest first: a refusal names the program that started the server, not the server
  for (const name of names.toSorted((a, b) => sinceOf(a) - sinceOf(b))) {
    const holder = parse(name);
    if (await holds(holder)) {
      throw new NatsServerUnavailableError(
        `the store folder ${storeDir} is in use by process ${holder?.pid}, and two servers on one folder lose data; ` +
          `stop that one, or take another folder`,
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
