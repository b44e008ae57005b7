import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { fetchedBinary } from './fetched-binary.js';
import type { NatsServerBinary } from './nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from './nats-server-step.js';
import { RELEASE_VERSION } from './nats-server-version.js';
import { runCommand } from './run-command.js';

/** Step 4: the official release, verified with the checksums published with it. */
export const releaseDownloadStep: NatsServerStep<NatsServerBinary> = {
  name: `GitHub release ${RELEASE_VERSION}`,
  slow: true,
  run,
};

const HOST = 'github.com';
const RELEASE_URL = `https://${HOST}/nats-io/nats-server/releases/download/v${RELEASE_VERSION}`;
/** Ends the attempt early when a firewall drops packets. */
const CONNECT_TIMEOUT_MS = 3_000;
const DOWNLOAD_TIMEOUT_MS = 120_000;

const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'linux',
  darwin: 'darwin',
  win32: 'windows',
};
const PROCESSORS: Record<string, string> = { x64: 'amd64', arm64: 'arm64', arm: 'arm7', ia32: '386' };

async function run(context: StepContext): Promise<StepResult<NatsServerBinary>> {
  const archive = archiveName(context);
  if (archive === undefined) return { reason: `no release for ${context.platform} on ${context.arch}` };
  await canConnect(HOST, 443, context.signal);
  return fetchedBinary(context, (folder) => unpackRelease(folder, archive, context.signal));
}

/** File name of the release for the platform; undefined if there is none. */
export function archiveName({ platform, arch }: StepContext): string | undefined {
  const system = SYSTEMS[platform];
  const processor = PROCESSORS[arch];
  if (system === undefined || processor === undefined) return undefined;
  const ending = system === 'windows' ? 'zip' : 'tar.gz';
  return `nats-server-v${RELEASE_VERSION}-${system}-${processor}.${ending}`;
}

/**
 * @throws {@link NatsServerUnavailableError} unless `sums` (lines of `HEX  NAME`) contains the checksum of
 *   `content`
 */
export function verifyChecksum(sums: string, name: string, content: Uint8Array): void {
  const actual = createHash('sha256').update(content).digest('hex');
  const line = sums.split('\n').find((candidate) => candidate.trim().split(/\s+\*?/)[1] === name);
  if (line === undefined) throw new NatsServerUnavailableError(`SHA256SUMS does not list ${name}`);
  if (line.trim().split(/\s+/)[0] !== actual) {
    throw new NatsServerUnavailableError(`the checksum of ${name} does not match SHA256SUMS`);
  }
}

async function unpackRelease(
  folder: string,
  archive: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sums = Buffer.from(await download('SHA256SUMS', signal)).toString('utf8');
  const content = await download(archive, signal);
  verifyChecksum(sums, archive, content);
  await writeFile(join(folder, archive), content);
  // bsdtar, which Windows ships, also reads zip
  const result = await runCommand('tar', ['-xf', archive], { timeoutMs: 30_000, cwd: folder, signal });
  if (!result.ok) throw new NatsServerUnavailableError(`tar failed: ${result.reason}`);
}

async function download(name: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const limit = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
  const response = await fetch(`${RELEASE_URL}/${name}`, {
    signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
  });
  if (!response.ok) throw new NatsServerUnavailableError(`${name}: status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function canConnect(host: string, port: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    const end = (reason?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      if (reason === undefined) resolve();
      else reject(new NatsServerUnavailableError(`cannot connect to ${host}: ${reason}`));
    };
    const timer = setTimeout(() => end(`no connection within ${CONNECT_TIMEOUT_MS} ms`), CONNECT_TIMEOUT_MS);
    socket.once('connect', () => end());
    socket.once('error', (error) => end(error.message));
  });
}
