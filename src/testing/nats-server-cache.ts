import { chmod, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';

import type { NatsServerBinary } from './nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from './nats-server-step.js';
import { compareVersions, isNewEnough, readBinaryVersion } from './nats-server-version.js';

/** Step 3: a program that an earlier call fetched, the newest version first. */
export const cacheStep: NatsServerStep<NatsServerBinary> = { name: 'cache', slow: false, run: findInCache };

/**
 * Moves a fetched program to the cache and returns its path. Two processes can do this at once: each writes
 * to its own temporary name and renames the file.
 */
export async function storeInCache(
  program: string,
  version: string,
  context: StepContext,
): Promise<NatsServerBinary> {
  const folder = join(cacheRoot(context), `${version}${platformSuffix(context)}`);
  const path = join(folder, binaryName(context));
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(folder, { recursive: true });
  try {
    await copyFile(program, temporary);
    await chmod(temporary, 0o755);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  return { kind: 'binary', path, version };
}

/** File name of the program on the platform. */
export function binaryName(context: StepContext): string {
  return context.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
}

async function findInCache(context: StepContext): Promise<StepResult<NatsServerBinary>> {
  const root = cacheRoot(context);
  const suffix = platformSuffix(context);
  const versions = (await readdir(root).catch((): string[] => []))
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .filter(isNewEnough)
    .sort((a, b) => compareVersions(b, a));
  const faults: string[] = [];
  for (const version of versions) {
    const path = join(root, `${version}${suffix}`, binaryName(context));
    const told = await readBinaryVersion(path, context.signal);
    if ('version' in told) return { found: { kind: 'binary', path, version: told.version } };
    faults.push(told.reason);
  }
  return { reason: faults.length > 0 ? faults.join('; ') : `no program for this platform in ${root}` };
}

function cacheRoot({ env }: StepContext): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'jetsource', 'nats-server');
}

function platformSuffix({ platform, arch }: StepContext): string {
  return `-${platform}-${arch}`;
}
