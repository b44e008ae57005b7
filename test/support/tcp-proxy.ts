import { createServer, connect, type Server, type Socket } from 'node:net';

/** Stands between a client and its server, and loses what the server says when it is told to. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #state: { deaf: boolean; hangUp: boolean };

  private constructor(
    server: Server,
    port: number,
    sockets: Set<Socket>,
    state: { deaf: boolean; hangUp: boolean },
  ) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
    this.#state = state;
  }

  static async to(targetPort: number): Promise<TcpProxy> {
    const sockets = new Set<Socket>();
    const state = { deaf: false, hangUp: false };
    const server = createServer((client) => {
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
      client.on('data', (bytes) => upstream.write(bytes));
      upstream.on('data', (bytes) => {
        if (state.deaf) return;
        client.write(bytes);
        if (state.hangUp) client.destroySoon();
        state.hangUp = false;
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

  /** From now on nothing that the server says arrives, while all that clients say does. */
  deafen(): void {
    this.#state.deaf = true;
  }

  /** Lets through again what the server says from now on. */
  hear(): void {
    this.#state.deaf = false;
  }

  /** Ends all connections; the first one made anew ends as soon as the server has said its first words, as servers do that start. */
  cutTwice(): void {
    this.cut();
    this.#state.hangUp = true;
  }

  /** Ends all connections; those made anew are heard in full. */
  cut(): void {
    this.#state.deaf = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
