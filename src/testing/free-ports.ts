import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Below the ports that systems give to outgoing connections: a client of another program cannot take one
 * before it is used.
 */
const RANGE = { from: 20_000, to: 32_000 };
const MOST_TRIES = 1_000;

/**
 * Free ports on 127.0.0.1. Another program that listens can take one before it is used.
 *
 * @throws the error of the last try when none is free.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, hold));
  // all are held until the last one is known, so that none is found twice
  await Promise.all(held.map(async ({ server }) => close(server)));
  return held.map(({ port }) => port);
}

interface HeldPort {
  readonly port: number;
  readonly server: Server;
}

async function hold(): Promise<HeldPort> {
  for (let tries = 1; ; tries += 1) {
    const port = randomInt(RANGE.from, RANGE.to);
    try {
      return { port, server: await listen(port) };
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
  }
}

async function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
