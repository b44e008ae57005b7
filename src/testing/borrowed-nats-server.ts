import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import type { NatsServer } from './nats-server.js';
import { readServerInfo } from './server-info.js';

/** A server that is no process of ours: it can be used and, if it is our container, stopped. */
export class BorrowedNatsServer implements NatsServer {
  readonly url: string;
  readonly version: string;
  readonly storeDir = undefined;
  readonly pid = undefined;
  readonly #why: string;
  readonly #stop: () => Promise<void>;

  /** @param why tells why the server cannot be killed, as `NATS_URL names it` */
  constructor(
    url: string,
    version: string,
    why: string,
    stop: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.url = url;
    this.version = version;
    this.#why = why;
    this.#stop = stop;
  }

  static async ofContainer(container: { url: string; stop(): Promise<void> }): Promise<BorrowedNatsServer> {
    const { version } = await readServerInfo(container.url);
    return new BorrowedNatsServer(container.url, version, 'it runs in a container', () => container.stop());
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
