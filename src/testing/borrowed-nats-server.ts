import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import type { NatsServer } from './nats-server.js';
import { readServerInfo } from './server-info.js';

interface BorrowedServer {
  readonly url: string;
  readonly version: string;
  /** Why the server cannot be killed, for error messages: `NATS_URL names it`. */
  readonly why: string;
  /** @default does nothing */
  readonly stop?: () => Promise<void>;
}

/** A server that this process did not start. It can be used, and stopped when it is our container. */
export class BorrowedNatsServer implements NatsServer {
  readonly url: string;
  readonly version: string;
  readonly storeDir = undefined;
  readonly pid = undefined;
  readonly #why: string;
  readonly #stop: () => Promise<void>;

  constructor({ url, version, why, stop = () => Promise.resolve() }: BorrowedServer) {
    this.url = url;
    this.version = version;
    this.#why = why;
    this.#stop = stop;
  }

  static async ofContainer(container: { url: string; stop(): Promise<void> }): Promise<BorrowedNatsServer> {
    const { version } = await readServerInfo(container.url);
    return new BorrowedNatsServer({
      url: container.url,
      version,
      why: 'it runs in a container',
      stop: () => container.stop(),
    });
  }

  get port(): number {
    const first = this.url.split(',')[0]?.trim() ?? '';
    return Number(new URL(first.includes('://') ? first : `nats://${first}`).port || 4222);
  }

  kill(): Promise<void> {
    return Promise.reject(this.#refusal('killed'));
  }

  signal(): void {
    throw this.#refusal('signalled');
  }

  restart(): Promise<void> {
    return Promise.reject(this.#refusal('restarted'));
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #refusal(what: string): NatsServerUnavailableError {
    const remedy = 'start it with ownProcess: true';
    return new NatsServerUnavailableError(
      `this nats-server cannot be ${what}, since ${this.#why}; ${remedy}`,
    );
  }
}
