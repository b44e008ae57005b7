import { PermissionViolationError } from '@nats-io/transport-node';
import type { LogPeers } from '../../log/log-peers.js';
import type { JetStreamConnection } from './jetstream-connection.js';

/**
 * Word among processes over core NATS. A user who may not publish or subscribe is found out at the first
 * refusal, and tries again after a reconnect.
 */
export class CorePeers implements LogPeers {
  readonly #connection: JetStreamConnection;
  readonly #subject: string;
  #areHeard = true;

  constructor(connection: JetStreamConnection, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
    connection.onServerError((error) => {
      const isRefusal = error instanceof PermissionViolationError && error.operation === 'publish';
      if (isRefusal && error.subject === subject) this.#areHeard = false;
    });
  }

  get areHeard(): boolean {
    return this.#areHeard;
  }

  tell(word: string): void {
    if (this.#areHeard) this.#connection.send(this.#subject, Buffer.from(word));
  }

  listen(listener: (word: string) => void): () => void {
    let stop = this.#subscribe(listener);
    const ignoreReconnects = this.#connection.onReconnect(() => {
      if (this.#areHeard) return;
      this.#areHeard = true;
      stop();
      stop = this.#subscribe(listener);
    });
    return () => {
      ignoreReconnects();
      stop();
    };
  }

  #subscribe(listener: (word: string) => void): () => void {
    const subscription = this.#connection.nc.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) listener(message.string());
        else this.#areHeard = false;
      },
    });
    return () => {
      if (!this.#connection.nc.isClosed()) subscription.unsubscribe();
    };
  }
}
