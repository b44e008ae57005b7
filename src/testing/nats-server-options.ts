import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';

/** Options of {@link startNatsServer}. */
export interface NatsServerOptions {
  /** Client port on 127.0.0.1. @default a free port */
  port?: number | undefined;
  /**
   * Folder where JetStream stores its files. It is kept at stop. Only one server can use it at a time.
   * @default a temporary folder, removed at stop and when this process is killed
   */
  storeDir?: string | undefined;
  /**
   * Path of a nats-server configuration file. The other options override it. Without `port` the server takes
   * a free port, whatever the file says. The file must not contain `store_dir`: use `storeDir`.
   * @default none
   */
  configFile?: string | undefined;
  /**
   * Environment variables for nats-server, added to those of this process. `configFile` can refer to them.
   * @default none
   */
  env?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether each write is synced to disk before it is acknowledged (`sync_interval: always`). This is much
   * slower. Without it a single server can lose acknowledged writes in a power failure. Cannot be combined
   * with `configFile`: set it there.
   * @default false
   */
  syncAlways?: boolean | undefined;
  /**
   * Key for encryption at rest (`cipher: chacha`), a text. A store folder opens only with the key that it
   * was created with. If the key is lost, the data are lost. Cannot be combined with `configFile`: set
   * `cipher` and `key` there.
   * @default none: the store folder holds event data and stream ids in plain text
   */
  encryptionKey?: string | undefined;
  /**
   * Always start a process: ignore `NATS_URL`, and do not fall back to a container. Required for `kill`,
   * `signal` and `restart`.
   * @default false
   */
  ownProcess?: boolean | undefined;
  /**
   * Receives one line for each step of the search for a nats-server. @default writes to stderr, but only
   * downloads and failures
   */
  log?: ((line: string) => void) | undefined;
  /**
   * Timeout in milliseconds from the start of the process until it accepts connections. A download is not
   * counted.
   * @default 20000
   */
  startTimeoutMs?: number | undefined;
  /**
   * Aborts the start, including a download, which then rejects with the signal's reason. It has no effect
   * after the start.
   * @default none
   */
  signal?: AbortSignal | undefined;
}

/** Defaults of {@link NatsServerOptions}. Port -1 makes nats-server choose a free port. */
export const NATS_SERVER_DEFAULTS = Object.freeze({
  port: -1,
  syncAlways: false,
  ownProcess: false,
  startTimeoutMs: 20_000,
});

/** {@link NatsServerOptions} with defaults filled in. */
export interface ResolvedNatsServerOptions {
  readonly port: number;
  readonly storeDir: string | undefined;
  readonly configFile: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly syncAlways: boolean;
  readonly encryptionKey: string | undefined;
  readonly ownProcess: boolean;
  readonly log: ((line: string) => void) | undefined;
  readonly startTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {@link InvalidOptionError} when an option is invalid */
export function resolveNatsServerOptions(options: NatsServerOptions = {}): ResolvedNatsServerOptions {
  const resolved = {
    port: options.port ?? NATS_SERVER_DEFAULTS.port,
    storeDir: options.storeDir,
    configFile: options.configFile,
    env: options.env ?? {},
    syncAlways: options.syncAlways ?? NATS_SERVER_DEFAULTS.syncAlways,
    encryptionKey: options.encryptionKey,
    ownProcess: options.ownProcess ?? NATS_SERVER_DEFAULTS.ownProcess,
    log: options.log,
    startTimeoutMs: options.startTimeoutMs ?? NATS_SERVER_DEFAULTS.startTimeoutMs,
    signal: options.signal,
  };
  checkKnownOptions(options, Object.keys(resolved));
  checkPort(resolved.port);
  checkTimeout(resolved.startTimeoutMs);
  if (resolved.syncAlways && resolved.configFile !== undefined) {
    throw new InvalidOptionError({
      option: 'syncAlways',
      given: true,
      allowed: 'left out when configFile is given (write sync_interval: always in that file)',
    });
  }
  checkEncryptionKey(resolved.encryptionKey, resolved.configFile);
  return Object.freeze(resolved);
}

/** Error messages never contain the key. */
function checkEncryptionKey(key: string | undefined, configFile: string | undefined): void {
  if (key === undefined) return;
  const option = 'encryptionKey';
  if (typeof key !== 'string' || key === '' || /\p{Cc}/u.test(key)) {
    throw new InvalidOptionError({
      option,
      given: 'another value',
      allowed: 'text that is not empty, without control characters',
    });
  }
  if (configFile !== undefined) {
    throw new InvalidOptionError({
      option,
      given: 'a value',
      allowed: 'left out when configFile is given (write cipher and key in that file)',
    });
  }
}

/**
 * @throws {@link InvalidOptionError} when `startTimeoutMs` is not a positive number of milliseconds, or more
 *   than a timer can hold
 */
export function checkTimeout(startTimeoutMs: number): void {
  if (startTimeoutMs > 0 && startTimeoutMs < 2 ** 31) return;
  const allowed = 'a positive number of milliseconds';
  throw new InvalidOptionError({ option: 'startTimeoutMs', given: startTimeoutMs, allowed });
}

/** @throws {@link InvalidOptionError} when `port` is neither -1 (a free port) nor a TCP port */
export function checkPort(port: number): void {
  if (port === -1 || (Number.isInteger(port) && port > 0 && port < 65_536)) return;
  throw new InvalidOptionError({ option: 'port', given: port, allowed: 'an integer from 1 to 65535' });
}
