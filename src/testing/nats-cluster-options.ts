import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import { checkPort, checkTimeout } from './nats-server-options.js';

/** Options of {@link startNatsCluster}. */
export interface NatsClusterOptions {
  /**
   * Number of servers. It must be odd, since a majority elects the leader.
   * @default 3
   */
  size?: number | undefined;
  /** Client port of the first server on 127.0.0.1. The others take the ports after it. @default free ports */
  port?: number | undefined;
  /**
   * Folder for the store folders of the servers. It is kept at stop. Only one cluster can use it at a time.
   * @default a temporary folder, removed at stop and when this process is killed
   */
  storeDir?: string | undefined;
  /**
   * Whether each write is synced to disk before it is acknowledged, as in {@link NatsServerOptions}. Replicas
   * protect against the loss of one server without it. @default false
   */
  syncAlways?: boolean | undefined;
  /** Receives one line for each step of the search for a nats-server, as in {@link NatsServerOptions}. */
  log?: ((line: string) => void) | undefined;
  /**
   * Timeout in milliseconds for the start of the servers, and again for the election of a leader.
   * @default 30000
   */
  startTimeoutMs?: number | undefined;
  /** Aborts the start, as in {@link NatsServerOptions}. @default none */
  signal?: AbortSignal | undefined;
}

/** Defaults of {@link NatsClusterOptions}. Port -1 makes nats-server choose a free port. */
export const NATS_CLUSTER_DEFAULTS = Object.freeze({
  size: 3,
  port: -1,
  syncAlways: false,
  startTimeoutMs: 30_000,
});

/** {@link NatsClusterOptions} with defaults filled in. */
export interface ResolvedNatsClusterOptions {
  readonly size: number;
  readonly port: number;
  readonly storeDir: string | undefined;
  readonly syncAlways: boolean;
  readonly log: ((line: string) => void) | undefined;
  readonly startTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {@link InvalidOptionError} when an option is invalid */
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
