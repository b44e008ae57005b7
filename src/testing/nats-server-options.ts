import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';

/** How {@link startNatsServer} starts a server. */
export interface NatsServerOptions {
  /**
   * TCP port for clients on 127.0.0.1.
   * @default a free one
   */
  port?: number | undefined;
  /**
   * Where JetStream keeps its files. A folder given here is kept at stop, and serves one server at a time.
   * @default a temporary folder, removed at stop and also when this process is killed
   */
  storeDir?: string | undefined;
  /**
   * Path of a nats-server configuration file. The other options win over what it says; with `port` left out the
   * server still takes a free port. nats-server refuses it if it has a `store_dir`: leave that to `storeDir`.
   * @default none
   */
  configFile?: string | undefined;
  /**
   * Environment variables for nats-server besides our own, such as those that `configFile` refers to.
   * @default none
   */
  env?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether each write reaches the disk before it is acknowledged (`sync_interval: always`). Much slower; without it a
   * power cut may lose acknowledged writes of a single server. Not together with `configFile`: write it there.
   * @default false
   */
  syncAlways?: boolean | undefined;
  /**
   * Encrypts what JetStream writes to the disk (`cipher: chacha`). Any text; a store folder opens with its own key only, and losing
   * the key is losing the data. Not together with `configFile`: write `cipher` and `key` there.
   * @default none: event data and stream ids stand in the store folder in clear
   */
  encryptionKey?: string | undefined;
  /**
   * Always a process of our own, even if `NATS_URL` names a server or only a container can be had. Needed by whoever
   * calls `kill` and `restart`.
   * @default false
   */
  ownProcess?: boolean | undefined;
  /**
   * Receives one line for each way that was tried to come by a nats-server.
   * @default writes to stderr, but only what is worth a look: a fetch, or a refusal
   */
  log?: ((line: string) => void) | undefined;
  /**
   * Milliseconds from the start of the process until it takes connections; fetching it the first time is not counted.
   * @default 20000
   */
  startTimeoutMs?: number | undefined;
  /**
   * Ends the start, also a fetch, which then rejects with the signal's reason; it is not regarded after that.
   * @default none
   */
  signal?: AbortSignal | undefined;
}

/** The defaults of {@link NatsServerOptions}; port -1 is nats-server's word for a free one. */
export const NATS_SERVER_DEFAULTS = Object.freeze({
  port: -1,
  syncAlways: false,
  ownProcess: false,
  startTimeoutMs: 20_000,
});

/** {@link NatsServerOptions} with every default filled in. */
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

/** @throws {@link InvalidOptionError} when a value cannot work */
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

/** The value itself is never shown. */
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

/** @throws {@link InvalidOptionError} when `startTimeoutMs` is no positive number that a timer can hold */
export function checkTimeout(startTimeoutMs: number): void {
  if (startTimeoutMs > 0 && startTimeoutMs < 2 ** 31) return;
  const allowed = 'a positive number of milliseconds';
  throw new InvalidOptionError({ option: 'startTimeoutMs', given: startTimeoutMs, allowed });
}

/** @throws {@link InvalidOptionError} when `port` is neither -1 (a free one) nor a TCP port */
export function checkPort(port: number): void {
  if (port === -1 || (Number.isInteger(port) && port > 0 && port < 65_536)) return;
  throw new InvalidOptionError({ option: 'port', given: port, allowed: 'an integer from 1 to 65535' });
}
