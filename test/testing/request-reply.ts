import { connect } from 'node:net';

const TIMEOUT_MS = 5_000;

/**
 * Sends one request over the bare NATS protocol, so that these tests need no client library. Publishes `body`
 * as JSON (no payload if omitted) and returns the JSON of the reply. Uses the first of several URLs.
 */
export function requestReply(url: string, subject: string, body?: unknown): Promise<unknown> {
  const { hostname, port } = new URL(url.split(',')[0] ?? '');
  const payload = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let text = '';
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no reply from ${url} to ${subject}`)));
    socket.once('error', reject);
    socket.write('CONNECT {"verbose":false,"headers":false}\r\nSUB inbox 1\r\n');
    socket.write(`PUB ${subject} inbox ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      const reply = /\r\nMSG inbox 1 (\d+)\r\n([\s\S]*)/.exec(text);
      if (reply === null || Number(reply[1]) > (reply[2] ?? '').length - 2) return;
      socket.destroy();
      resolve(JSON.parse((reply[2] ?? '').slice(0, Number(reply[1]))));
    });
  });
}
