import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { binaryName, storeInCache } from './nats-server-cache.js';
import type { NatsServerBinary } from './nats-server-source.js';
import type { StepContext, StepResult } from './nats-server-step.js';
import { isNewEnough, MINIMUM_VERSION, readBinaryVersion } from './nats-server-version.js';

/**
 * Lets `unpack` fill a temporary folder, looks for the program in it, tries whether it runs, and keeps it in the cache.
 * The folder is removed in any case, so a broken download never shows up as a cached program.
 */
export async function fetchedBinary(
  context: StepContext,
  unpack: (folder: string) => Promise<void>,
): Promise<StepResult<NatsServerBinary>> {
  const folder = await mkdtemp(join(tmpdir(), 'jetsource-fetch-'));
  try {
    // apt gives up root for its downloads and has to reach the folder
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
  if (entry === undefined) return { reason: 'what was fetched holds no nats-server' };
  const program = join(entry.parentPath, entry.name);
  await chmod(program, 0o755);
  const told = await readBinaryVersion(program, context.signal);
  if ('reason' in told) return told;
  if (!isNewEnough(told.version)) {
    return { reason: `it offers version ${told.version}, needed is ${MINIMUM_VERSION} or later` };
  }
  return { found: await storeInCache(program, told.version, context) };
}
