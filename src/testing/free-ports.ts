import { createServer, type AddressInfo, type Server } from 'node:net';

/**
 * Free ports on 127.0.0.1. Another program can take one before it is used, so callers must be able to retry.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listen()));
  // keep all open until the last one is known, or the system could return a port twice
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(held.map(close));
  return ports;
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
