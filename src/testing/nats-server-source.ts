/** A server that was found. What can be done with it depends on its kind. */
export type NatsServerSource = NatsServerBinary | ExistingNatsServer | NatsServerContainer;

/** A program on this machine. */
export interface NatsServerBinary {
  readonly kind: 'binary';
  readonly path: string;
  readonly version: string;
}

/** A server that runs already and belongs to somebody else. */
export interface ExistingNatsServer {
  readonly kind: 'url';
  readonly url: string;
  readonly version: string;
}

/** A container that can be started. */
export interface NatsServerContainer {
  readonly kind: 'container';
  readonly image: string;
  /** @param settings `port` as in the options of `startNatsServer`, `timeoutMs` for the start */
  start(settings: { port: number; timeoutMs: number }): Promise<{ url: string; stop(): Promise<void> }>;
}
