import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import { checkPort, checkTimeout } from './nats-server-options.js';

/** How {@link startNatsCluster} starts its servers. */
export interface NatsClusterOptions {
  /**
   * How many servers; an odd number, since a majority decides.
   * @default 3
   */
  size?: number | undefined;
  /**
   * TCP port for clients of the first server on 127.0.0.1; the others take the next ones.
   * @default free ones
   */
  port?: number | undefined;
  /**
   * Holds a store folder for each server. A folder given here is kept at stop, and serves one
   * cluster at a time.
   * @default temporary folders, removed at stop and also when this process is killed
   */
  storeDir?: string | undefined;
  /**
   * As in {@link NatsServerOptions}. Replicas protect against the loss of one server without it.
   * @default false
   */
  syncAlways?: boolean | undefined;
  /** As in {@link NatsServerOptions}. */
  log?: ((line: string) => void) | undefined;
  /**
   * Milliseconds until the servers run, and again until they have a leader.
   * @default 30000
   */
  startTimeoutMs?: number | undefined;
  /** As in {@link NatsServerOptions}. */
  signal?: AbortSignal | undefined;
}

/** The defaults of {@link NatsClusterOptions}; port -1 is nats-server's word for a free one. */
export const NATS_CLUSTER_DEFAULTS = Object.freeze({
  size: 3,
  port: -1,
  syncAlways: false,
  startTimeoutMs: 30_000,
});

/** {@link NatsClusterOptions} with every default filled in. */
export interface ResolvedNatsClusterOptions {
  readonly size: number;
  readonly port: number;
  readonly storeDir: string | undefined;
  readonly syncAlways: boolean;
  readonly log: ((line: string) => void) | undefined;
  readonly startTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {@link InvalidOptionError} when a value cannot work */
export function resolveNatsClusterOptions(options: NatsClusterOptions = {}): ResolvedNatsClusterOptions {
  const resolved = {
    size: integerOption('size', options.size, { fallback: NATS_CLUSTER_DEFAULTS.size, min: 3 }),
    port: options.port ?? NATS_CLUSTER_DEFAULTS.port,
    storeDir: options.storeDir,
    syncAlways: options.syncAlways ?? NATS_CLUSTER_DEFAULTS.syncAlways,
    log: options.log,
    startTimeoutMs: options.startTimeoutMs ?? NATS_CLUSTER_DEFAULTS.startTimeoutMs,
    signal: options.signal,
  };
  checkKnownOptions(options, Object.keys(resolved));
  checkPort(resolved.port);
  checkTimeout(resolved.startTimeoutMs);
  if (resolved.size % 2 === 0) {
    throw new InvalidOptionError({ option: 'size', given: resolved.size, allowed: 'an odd number' });
  }
  return Object.freeze(resolved);
}
