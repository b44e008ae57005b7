import { connect } from 'node:net';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';

/** The INFO message that a nats-server sends to each client. */
export interface ServerInfo {
  readonly version: string;
  readonly jetstream: boolean;
}

/**
 * Reads the INFO message of the server at `url` (`nats://host:port` or `host:port`) and disconnects.
 *
 * @throws {@link NatsServerUnavailableError} when no nats-server sends it within `timeoutMs` (3 s), or the
 *   signal aborts
 */
export async function readServerInfo(
  url: string,
  options: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<ServerInfo> {
  const greeting = await readFirstLine(url, options.timeoutMs ?? 3_000, options.signal);
  const told = /^INFO (\{.*\})/.exec(greeting)?.[1];
  if (told === undefined) throw new NatsServerUnavailableError(`${hostOf(url)} is not a nats-server`);
  const info = JSON.parse(told) as { version?: unknown; jetstream?: unknown };
  return { version: String(info.version), jetstream: info.jetstream === true };
}

function readFirstLine(url: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<string> {
  const { hostname, port } = parse(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 4222), signal });
    let text = '';
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new NatsServerUnavailableError(`no nats-server answers at ${hostOf(url)}: ${reason}`));
    };
    // the timeout of a socket would restart with each byte
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('error', (error) => fail(error.message));
    socket.once('end', () => fail('it closed the connection'));
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      if (!text.includes('\r\n')) return;
      socket.destroy();
      resolve(text.slice(0, text.indexOf('\r\n')));
    });
  });
}

function parse(url: string): URL {
  const full = url.includes('://') ? url : `nats://${url}`;
  if (URL.canParse(full)) return new URL(full);
  throw new NatsServerUnavailableError('the server URL is invalid');
}

/** The host of a URL without user and password, which must not be logged. */
function hostOf(url: string): string {
  return parse(url).host;
}
