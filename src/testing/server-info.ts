import { connect } from 'node:net';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';

/** What a nats-server tells everyone who connects. */
export interface ServerInfo {
  readonly version: string;
  readonly jetstream: boolean;
}

/**
 * Reads the greeting of the server at `url` (`nats://host:port`, or `host:port`) and hangs up.
 * @throws {@link NatsServerUnavailableError} when no nats-server greets within `timeoutMs` (3 s), or the signal
 *   aborts
 */
export async function readServerInfo(
  url: string,
  options: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<ServerInfo> {
  const greeting = await readFirstLine(url, options.timeoutMs ?? 3_000, options.signal);
  const told = /^INFO (\{.*\})/.exec(greeting)?.[1];
  if (told === undefined) throw new NatsServerUnavailableError(`${hostOf(url)} is no nats-server`);
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
    // a socket's own timeout starts anew with each byte
    const timer = setTimeout(() => fail(`silent for ${timeoutMs} ms`), timeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('error', (error) => fail(error.message));
    socket.once('end', () => fail('it hung up'));
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
  throw new NatsServerUnavailableError('the server URL cannot be read');
}

/** Without user and password, which do not belong in a log. */
function hostOf(url: string): string {
  return parse(url).host;
}
