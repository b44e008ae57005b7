import type { Socket } from 'node:net';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import type { WatchedLine } from './life-signs.js';
import type { ReplyInbox } from './reply-inbox.js';

/** What the client (3.4.0) keeps to itself: its socket. */
interface ClientParts {
  readonly protocol?: {
    readonly transport?: { readonly socket?: Socket; discard?(): void };
  };
}

type ReconnectToServer = NonNullable<NodeConnectionOptions['reconnectToServer']>;

/**
 * Where to connect next. The client begins with the server that it has just lost: one that fell silent would
 * cost the time of another try, so any other is tried before it.
 */
export class NextServer {
  #left: string | undefined;

  /** The server that was left is not the next one. */
  avoid(server: string): void {
    this.#left = server;
  }

  /** Takes the server that the client would take, unless that is the one to avoid. */
  readonly choose: ReconnectToServer = (pool) => {
    const left = this.#left;
    this.#left = undefined;
    const [next] = pool;
    if (left === undefined || next?.listen !== left) return null;
    return pool.find(({ listen }) => listen !== left) ?? null;
  };
}

/** What a line is made of. */
export interface NatsLineParts {
  readonly nc: NatsConnection;
  readonly inbox: ReplyInbox;
  readonly next: NextServer;
  /** Whether a server is there. */
  readonly isConnected: () => boolean;
}

/** The line of a NATS connection. */
export class NatsLine implements WatchedLine {
  readonly #nc: NatsConnection;
  readonly #inbox: ReplyInbox;
  readonly #next: NextServer;
  readonly #isConnected: () => boolean;
  #sent = 0;
  #waiting = 0;

  constructor({ nc, inbox, next, isConnected }: NatsLineParts) {
    this.#nc = nc;
    this.#inbox = inbox;
    this.#next = next;
    this.#isConnected = isConnected;
  }

  get received(): number | undefined {
    if (!this.#isConnected() || this.#nc.isClosed()) return undefined;
    const { inBytes, inMsgs } = this.#nc.stats();
    return inBytes + inMsgs;
  }

  get isSending(): boolean {
    const { bytesWritten = 0, writableLength = 0 } = socketOf(this.#nc) ?? {};
    const before = { sent: this.#sent, waiting: this.#waiting };
    this.#sent = bytesWritten - writableLength;
    this.#waiting = writableLength;
    // what the system takes at once may still be on its way to nowhere
    return before.waiting > 0 && this.#sent > before.sent;
  }

  get isUnanswered(): boolean {
    return this.#inbox.isUnanswered();
  }

  get hasOthers(): boolean {
    return this.#nc.getServers().length > 1;
  }

  async ping(): Promise<unknown> {
    return this.#nc.flush();
  }

  leave(): void {
    this.#next.avoid(this.#nc.getServer());
    const socket = socketOf(this.#nc);
    void this.#nc.reconnect();
    // the client waits for what is buffered to leave, which a dead line never lets go
    socket?.destroy();
  }
}

/**
 * Lets go of the socket of a connection that is closed: in the middle of a handshake with a server that says
 * nothing, the client keeps it, and with it the process.
 */
export function discardSocket(nc: NatsConnection): void {
  (nc as ClientParts).protocol?.transport?.discard?.();
}

function socketOf(nc: NatsConnection): Socket | undefined {
  return (nc as ClientParts).protocol?.transport?.socket;
}
