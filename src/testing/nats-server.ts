/** A running nats-server with JetStream, as {@link startNatsServer} returns it. */
export interface NatsServer extends AsyncDisposable {
  /** Client URL, such as `nats://127.0.0.1:4222`. */
  readonly url: string;
  /** Client port. */
  readonly port: number;
  /** Version of nats-server, such as `2.14.0`. */
  readonly version: string;
  /** Folder where JetStream stores its files. Undefined if this process did not start the server. */
  readonly storeDir: string | undefined;
  /**
   * Process id of nats-server. It changes with `restart`. Undefined if this process did not start the server.
   */
  readonly pid: number | undefined;
  /**
   * Ends the process and resolves when it is gone. The store folder is kept for a `restart`.
   *
   * @param signal `SIGKILL` is like a crash. @default 'SIGKILL'
   * @throws {@link NatsServerUnavailableError} if this process did not start the server
   */
  kill(signal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<void>;
  /**
   * Sends a signal and returns at once. SIGSTOP and SIGCONT simulate a server that hangs for a while.
   *
   * @throws {@link NatsServerUnavailableError} if this process did not start the server
   */
  signal(name: NodeJS.Signals): void;
  /**
   * Starts the server again on the same port and store folder. A running server is ended with SIGTERM first.
   *
   * @throws {@link NatsServerUnavailableError} if this process did not start the server, or it does not start
   *   again
   */
  restart(): Promise<void>;
  /**
   * Stops the server. Removes the store folder unless `storeDir` was given. Does nothing to a server of
   * `NATS_URL`.
   */
  stop(): Promise<void>;
}
