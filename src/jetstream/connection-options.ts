import { readFileSync } from 'node:fs';
import { credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node';
import { InvalidOptionError } from '../kernel/errors.js';

/**
 * How to reach NATS: all that `connect()` of `@nats-io/transport-node` takes (`servers`, `user`, `pass`, `token`, `authenticator`,
 * `tls`, `inboxPrefix`, `pingInterval`, …) under the same names, with these differences:
 * the client's `name` is `connectionName`, since `name` is the store's, and the defaults suit a service that has to live on:
 * reconnecting never ends (`maxReconnectAttempts: -1`) and is tried every 250 ms (`reconnectTimeWait`).
 */
export interface ConnectionOptions extends Omit<NodeConnectionOptions, 'name'> {
  /** How the connection is called in the server's monitoring. @default `jetsource <store>` */
  readonly connectionName?: string | undefined;
  /** Path of a credentials file (`.creds`) with the user's JWT and seed. Excludes `authenticator`. */
  readonly credentialsFile?: string | undefined;
  /** JetStream domain, such as that of a leaf node. Excludes `apiPrefix`. @default none */
  readonly domain?: string | undefined;
  /** Prefix of the JetStream API where an account imports it under another name. @default `$JS.API` */
  readonly apiPrefix?: string | undefined;
}

/** The options as the NATS client takes them. */
export function toNatsOptions(options: ConnectionOptions, defaultName: string): NodeConnectionOptions {
  const { connectionName, credentialsFile, domain: _domain, apiPrefix: _apiPrefix, ...nats } = options;
  if (credentialsFile !== undefined && nats.authenticator !== undefined) {
    throw new InvalidOptionError({
      option: 'credentialsFile',
      given: credentialsFile,
      allowed: 'absent when authenticator is given',
    });
  }
  return {
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    ...nats,
    ...(credentialsFile !== undefined && { authenticator: readCredentials(credentialsFile) }),
    name: connectionName ?? defaultName,
  };
}

/** What stands before the JetStream API's subjects. */
export function apiPrefixOf(options: ConnectionOptions): string {
  if (options.domain === undefined) return options.apiPrefix ?? '$JS.API';
  if (options.apiPrefix !== undefined) {
    throw new InvalidOptionError({
      option: 'domain',
      given: options.domain,
      allowed: 'absent when apiPrefix is given',
    });
  }
  return `$JS.${options.domain}.API`;
}

function readCredentials(path: string): ReturnType<typeof credsAuthenticator> {
  try {
    return credsAuthenticator(readFileSync(path));
  } catch (cause) {
    throw new InvalidOptionError(
      { option: 'credentialsFile', given: path, allowed: 'the path of a readable credentials file' },
      { cause },
    );
  }
}
