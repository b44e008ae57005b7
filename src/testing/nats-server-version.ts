import { runCommand } from './run-command.js';

/** The oldest supported nats-server. Earlier ones drop invalid atomic batches without an error. */
export const MINIMUM_VERSION = '2.12.1';

/** The release that is fetched when the machine has no nats-server. */
export const RELEASE_VERSION = '2.14.0';

/** Whether `version` is {@link MINIMUM_VERSION} or later. */
export function isNewEnough(version: string): boolean {
  return compareVersions(version, MINIMUM_VERSION) >= 0;
}

/**
 * Negative if `a` is the older version, positive if it is the newer one. Anything after `major.minor.patch`
 * is ignored.
 */
export function compareVersions(a: string, b: string): number {
  const left = numbers(a);
  const right = numbers(b);
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Runs the program at `path` to get its version. Never throws. */
export async function readBinaryVersion(
  path: string,
  signal?: AbortSignal,
): Promise<{ version: string } | { reason: string }> {
  const result = await runCommand(path, ['--version'], { timeoutMs: 5_000, signal });
  if (!result.ok) return { reason: `${path} does not run: ${result.reason}` };
  const version = /v?(\d+\.\d+\.\d+\S*)/.exec(result.stdout)?.[1];
  return version === undefined ? { reason: `${path} does not print its version` } : { version };
}

function numbers(version: string): number[] {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match === null ? [0, 0, 0] : match.slice(1).map(Number);
}
