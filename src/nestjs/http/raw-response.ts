import type { ServerResponse } from 'node:http';

/** Node's response below that of an HTTP framework: Express has it itself, Fastify as `raw`. */
export function rawResponseOf(response: unknown): ServerResponse {
  const { raw } = response as { readonly raw?: ServerResponse };
  return raw ?? (response as ServerResponse);
}

/**
 * Calls back right before the headers are sent, whoever sends them: Nest, a filter, or a handler that writes
 * the response itself. Headers can still be set then.
 */
export function beforeHeaders(response: ServerResponse, callback: () => void): void {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = ((...args: Parameters<typeof writeHead>) => {
    response.writeHead = writeHead;
    callback();
    return Reflect.apply(writeHead, undefined, args);
  }) as typeof writeHead;
}

/** Runs `work` with a signal that aborts when the client goes away meanwhile. */
export async function whileConnected<T>(
  response: ServerResponse,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const end = (): void => gone.abort();
  if (response.destroyed) end();
  response.once('close', end);
  try {
    return await work(gone.signal);
  } finally {
    response.off('close', end);
  }
}
