import { EventEmitter } from 'node:events';
import type { Status } from '@nats-io/transport-node';
import type { TransportConnection } from './transport-connection.js';

/** State of the connection of a server or client, as its `status` emits it. */
export type NatsJetStreamStatus = 'connected' | 'disconnected' | 'reconnecting';

/** Events of `on` of server and client, under the names of Nest's own NATS transport. */
export type NatsJetStreamEvents = {
  /** The connection to that server was lost; another one is tried. */
  disconnect: (server: string) => void;
  /** Connected again, to that server. */
  reconnect: (server: string) => void;
  /** Servers joined or left the cluster; their addresses. */
  update: (change: { added?: string[] | undefined; deleted?: string[] | undefined }) => void;
};

/** Turns status changes of a connection into Nest's status and events. */
export class ConnectionEvents {
  readonly #emitter = new EventEmitter();
  readonly #onStatus: (status: NatsJetStreamStatus) => void;

  constructor(onStatus: (status: NatsJetStreamStatus) => void) {
    this.#onStatus = onStatus;
  }

  on<Event extends keyof NatsJetStreamEvents>(event: Event, callback: NatsJetStreamEvents[Event]): void {
    this.#emitter.on(event, callback);
  }

  /** Reports that the connection is open, and each change from now on. */
  follow(connection: TransportConnection): void {
    this.#onStatus('connected');
    connection.onStatus((status) => this.#report(status));
  }

  #report(status: Status): void {
    if (status.type === 'reconnecting') this.#onStatus('reconnecting');
    if (status.type === 'reconnect') this.#onStatus('connected');
    if (status.type === 'disconnect' || status.type === 'close') this.#onStatus('disconnected');
    if (status.type === 'disconnect' || status.type === 'reconnect')
      this.#emitter.emit(status.type, status.server);
    if (status.type === 'update')
      this.#emitter.emit('update', { added: status.added, deleted: status.deleted });
  }
}
