import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { binaryName } from './nats-server-cache.js';
import type { NatsServerBinary } from './nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from './nats-server-step.js';
import { isNewEnough, MINIMUM_VERSION, readBinaryVersion } from './nats-server-version.js';

/** Step 2, first part: the program that `NATS_SERVER_BIN` names. */
export const namedBinaryStep: NatsServerStep<NatsServerBinary> = {
  name: 'NATS_SERVER_BIN',
  slow: false,
  async run({ env, signal }) {
    const path = env['NATS_SERVER_BIN'];
    if (!path) return { reason: 'not set' };
    const result = await accept(path, signal);
    return 'found' in result ? result : { ...result, named: 'log' };
  },
};

/**
 * Step 2, second part: `PATH`, then system folders that a user's `PATH` may not include (Debian installs the
 * server in sbin).
 */
export const pathBinaryStep: NatsServerStep<NatsServerBinary> = {
  name: 'PATH',
  slow: false,
  run: searchPath,
};

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

async function searchPath(context: StepContext): Promise<StepResult<NatsServerBinary>> {
  const reasons: string[] = [];
  for (const folder of searchedFolders(context)) {
    const path = join(folder, binaryName(context));
    if (!(await isExecutable(path))) continue;
    const result = await accept(path, context.signal);
    if ('found' in result) return result;
    reasons.push(result.reason);
  }
  return { reason: reasons.join('; ') || 'no nats-server in PATH or in the system folders' };
}

function searchedFolders({ env, platform }: StepContext): Set<string> {
  const own = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return new Set(platform === 'win32' ? own : [...own, ...SYSTEM_FOLDERS]);
}

async function accept(path: string, signal: AbortSignal | undefined): Promise<StepResult<NatsServerBinary>> {
  const told = await readBinaryVersion(path, signal);
  if ('reason' in told) return told;
  if (isNewEnough(told.version)) return { found: { kind: 'binary', path, version: told.version } };
  return { reason: `${path} is version ${told.version}, but ${MINIMUM_VERSION} or later is needed` };
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
