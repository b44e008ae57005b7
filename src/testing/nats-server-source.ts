/** A server that the search found. */
export type NatsServerSource = NatsServerBinary | ExistingNatsServer | NatsServerContainer;

/** A program on this machine. */
export interface NatsServerBinary {
  readonly kind: 'binary';
  readonly path: string;
  readonly version: string;
}

/** A running server that this process did not start. */
export interface ExistingNatsServer {
  readonly kind: 'url';
  readonly url: string;
  readonly version: string;
}

/** A container that can be started. */
export interface NatsServerContainer {
  readonly kind: 'container';
  readonly image: string;
  /** @param settings `port` as in {@link NatsServerOptions}; `timeoutMs` for the start. */
  start(settings: { port: number; timeoutMs: number }): Promise<{ url: string; stop(): Promise<void> }>;
}
