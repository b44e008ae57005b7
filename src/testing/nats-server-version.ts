import { runCommand } from './run-command.js';

/** The first nats-server with everything jetsource relies on (atomic batches that are refused, not dropped). */
export const MINIMUM_VERSION = '2.12.1';

/** The release that is fetched when the machine has no nats-server of its own. */
export const RELEASE_VERSION = '2.14.0';

/** Whether `version` is {@link MINIMUM_VERSION} or later. */
export function isNewEnough(version: string): boolean {
  return compareVersions(version, MINIMUM_VERSION) >= 0;
}

/** Negative when `a` is the earlier version, positive when it is the later; what follows `major.minor.patch` is ignored. */
export function compareVersions(a: string, b: string): number {
  const left = numbers(a);
  const right = numbers(b);
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Asks the program at `path` for its version; never throws. */
export async function readBinaryVersion(
  path: string,
  signal?: AbortSignal,
): Promise<{ version: string } | { reason: string }> {
  const result = await runCommand(path, ['--version'], { timeoutMs: 5_000, signal });
  if (!result.ok) return { reason: `${path} does not run: ${result.reason}` };
  const version = /v?(\d+\.\d+\.\d+\S*)/.exec(result.stdout)?.[1];
  return version === undefined ? { reason: `${path} does not tell its version` } : { version };
}

function numbers(version: string): number[] {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match === null ? [0, 0, 0] : match.slice(1).map(Number);
}
