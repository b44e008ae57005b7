import { EventEmitter } from 'node:events';
import type { Status } from '@nats-io/transport-node';
import { guardedObserver } from '../kernel/guarded-observer.js';
import type { ObservedAttempt, ObservedDeadLetter } from '../reaction/reaction-observer.js';
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

/** Events of `on` of a server: those of its connection, and what becomes of deliveries, for metrics. */
export type NatsJetStreamServerEvents = NatsJetStreamEvents & {
  /** A handler of an event has returned or failed: how long it ran, and its error. */
  attempt: (attempt: ObservedAttempt) => void;
  /** An event was given up, and kept as a dead letter if they are kept. */
  deadLetter: (letter: ObservedDeadLetter) => void;
  /** The consumption of a handler's events was interrupted; it continues by itself. */
  interruption: (interruption: { readonly consumer: string; readonly reason: string }) => void;
};

/** Events of `on` of a client: those of its connection, and failed emits. */
export type NatsJetStreamClientEvents = NatsJetStreamEvents & {
  /**
   * An event could not be stored, or its outcome is unknown; the caller of `emit` gets the same error. Of a batch:
   * the pattern of its first event.
   */
  publishFailed: (failure: { readonly pattern: unknown; readonly error: Error }) => void;
};

/** Turns status changes of a connection into Nest's status and events, and carries the other events of `on`. */
export class TransportEvents<Events extends NatsJetStreamEvents> {
  readonly #emitter = new EventEmitter();
  readonly #onStatus: (status: NatsJetStreamStatus) => void;

  constructor(onStatus: (status: NatsJetStreamStatus) => void) {
    this.#onStatus = onStatus;
  }

  on<Event extends keyof Events & string>(event: Event, callback: Events[Event]): void {
    this.#emitter.on(event, guardedObserver(`on('${event}')`, callback as (...args: unknown[]) => unknown));
  }

  emit<Event extends keyof Events & string>(event: Event, ...args: ArgumentsOf<Events[Event]>): void {
    this.#emitter.emit(event, ...args);
  }

  /** Whether anybody listens. */
  has(event: keyof Events & string): boolean {
    return this.#emitter.listenerCount(event) > 0;
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

type ArgumentsOf<Callback> = Callback extends (...args: infer Args) => void ? Args : never;
