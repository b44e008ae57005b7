import type { Command } from 'commander';
import { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';

/** Flags that say how NATS is reached. */
export interface ConnectionFlags {
  readonly servers: string;
  readonly creds?: string;
  readonly inboxPrefix?: string;
}

/** Adds the flags to a command. */
export function withConnectionFlags(command: Command): Command {
  return command
    .option(
      '--servers <urls>',
      'NATS server URLs, separated by commas',
      process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222',
    )
    .option('--creds <file>', 'a credentials file')
    .option('--inbox-prefix <prefix>', 'inbox prefix that this user may subscribe to');
}

/**
 * Connects.
 *
 * @param name How the connection is called in the server's tools.
 * @throws {@link NatsError} when no server can be reached, or refuses.
 */
export async function openConnection(
  { servers, creds, inboxPrefix }: ConnectionFlags,
  name: string,
): Promise<JetStreamConnection> {
  return JetStreamConnection.open(
    {
      servers: servers.split(','),
      ...(creds !== undefined && { credentialsFile: creds }),
      ...(inboxPrefix !== undefined && { inboxPrefix }),
    },
    name,
  );
}
