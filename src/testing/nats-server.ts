/** A running nats-server with JetStream. */
export interface NatsServer extends AsyncDisposable {
  /** For clients, such as `nats://127.0.0.1:4222`. */
  readonly url: string;
  readonly port: number;
  readonly version: string;
  /** Where JetStream keeps its files; undefined when the server is not a process of ours. */
  readonly storeDir: string | undefined;
  /** Of nats-server itself; undefined when it is not a process of ours. Another one after `restart`. */
  readonly pid: number | undefined;
  /**
   * Ends the process and resolves when it is gone. The store folder stays, so `restart` can follow.
   * @param signal default `SIGKILL`, as by a crash
   * @throws NatsServerUnavailableError when the server is not a process of ours
   */
  kill(signal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<void>;
  /**
   * Sends a signal and waits for nothing, such as SIGSTOP and SIGCONT for a server that hangs for a while.
   * @throws NatsServerUnavailableError when the server is not a process of ours
   */
  signal(name: NodeJS.Signals): void;
  /**
   * Starts the server again on the same port and store folder; one that still runs is ended by SIGTERM first.
   * @throws NatsServerUnavailableError when the server is not a process of ours, or does not start
   */
  restart(): Promise<void>;
  /** Ends the server and removes the store folder unless it was given. Does nothing to a server of `NATS_URL`. */
  stop(): Promise<void>;
}
