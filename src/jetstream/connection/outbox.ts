import type { NatsConnection } from '@nats-io/transport-node';

/**
 * Messages without an answer, such as acknowledgements. Those of one turn of the event loop are written to
 * the socket together, where the client would write each by itself.
 */
export class Outbox {
  readonly #nc: NatsConnection;
  #posted: [subject: string, payload: Uint8Array][] = [];

  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }

  post(subject: string, payload: Uint8Array): void {
    this.#posted.push([subject, payload]);
    if (this.#posted.length === 1) setImmediate(() => this.flush());
  }

  /** Hands over to the client what has been posted. A connection that is closed sends nothing. */
  flush(): void {
    const posted = this.#posted;
    this.#posted = [];
    if (this.#nc.isClosed()) return;
    for (const [subject, payload] of posted) this.#nc.publish(subject, payload);
  }
}
