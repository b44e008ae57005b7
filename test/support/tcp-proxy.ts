import { createServer, connect, type Server, type Socket } from 'node:net';

interface ProxyState {
  deaf: boolean;
  hangUp: boolean;
  refusing: boolean;
  lagMs: number;
  /** Connections that nothing gets through any more. */
  readonly swallowed: WeakSet<Socket>;
}

/** A proxy between a client and its server that can drop, delay and cut what the server sends. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #state: ProxyState;

  private constructor(server: Server, port: number, sockets: Set<Socket>, state: ProxyState) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
    this.#state = state;
  }

  static async to(targetPort: number): Promise<TcpProxy> {
    const sockets = new Set<Socket>();
    const state: ProxyState = {
      deaf: false,
      hangUp: false,
      refusing: false,
      lagMs: 0,
      swallowed: new WeakSet(),
    };
    const server = createServer((client) => {
      if (state.refusing) {
        client.destroy();
        return;
      }
      const upstream = connect(targetPort, '127.0.0.1');
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      client.on('data', (bytes) => {
        if (!state.swallowed.has(client)) upstream.write(bytes);
      });
      // one after the other, so that bytes keep their order when the lag changes
      let queue = Promise.resolve();
      const deliver = (bytes: Uint8Array): void => {
        if (state.deaf || client.destroyed || state.swallowed.has(client)) return;
        client.write(bytes);
        if (state.hangUp) client.destroySoon();
        state.hangUp = false;
      };
      upstream.on('data', (bytes) => {
        const due = performance.now() + state.lagMs;
        queue = queue.then(async () => {
          const left = due - performance.now();
          if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
          deliver(bytes);
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return new TcpProxy(server, port, sockets, state);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Drops everything that the server sends. What clients send still arrives. */
  deafen(): void {
    this.#state.deaf = true;
  }

  /** Drops everything that is sent on the connections of this moment, either way, as a dropped route does. New ones work. */
  swallow(): void {
    for (const socket of this.#sockets) this.#state.swallowed.add(socket);
  }

  /** Stops dropping what the server sends. */
  hear(): void {
    this.#state.deaf = false;
  }

  /** Delays everything that the server sends. */
  lag(ms: number): void {
    this.#state.lagMs = ms;
  }

  /** Closes all connections, and new ones at once, until {@link accept}. */
  refuse(): void {
    this.#state.refusing = true;
    this.cut();
  }

  /** Takes new connections again. */
  accept(): void {
    this.#state.refusing = false;
  }

  /**
   * Closes all connections. The first new connection is closed after the first bytes of the server, as a
   * starting server does.
   */
  cutTwice(): void {
    this.cut();
    this.#state.hangUp = true;
  }

  /** Closes all connections. New connections are not affected. */
  cut(): void {
    this.#state.deaf = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
