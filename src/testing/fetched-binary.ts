import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { binaryName, storeInCache } from './nats-server-cache.js';
import type { NatsServerBinary } from './nats-server-source.js';
import type { StepContext, StepResult } from './nats-server-step.js';
import { isNewEnough, MINIMUM_VERSION, readBinaryVersion } from './nats-server-version.js';

/**
 * Calls `unpack` with a temporary folder, finds the program in it, checks that it runs, and moves it to the
 * cache. The folder is always removed, so a broken download is never cached.
 */
export async function fetchedBinary(
  context: StepContext,
  unpack: (folder: string) => Promise<void>,
): Promise<StepResult<NatsServerBinary>> {
  const folder = await mkdtemp(join(tmpdir(), 'jetsource-fetch-'));
  try {
    // apt drops root privileges for downloads and needs access to the folder
    await chmod(folder, 0o755);
    await unpack(folder);
    return await keep(folder, context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keep(folder: string, context: StepContext): Promise<StepResult<NatsServerBinary>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const entry = entries.find((candidate) => candidate.isFile() && candidate.name === binaryName(context));
  if (entry === undefined) return { reason: 'the download contains no nats-server' };
  const program = join(entry.parentPath, entry.name);
  await chmod(program, 0o755);
  const told = await readBinaryVersion(program, context.signal);
  if ('reason' in told) return told;
  if (!isNewEnough(told.version)) {
    return { reason: `it has version ${told.version}, but ${MINIMUM_VERSION} or later is needed` };
  }
  return { found: await storeInCache(program, told.version, context) };
}
