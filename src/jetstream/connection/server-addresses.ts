import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/** Addresses of servers, and the credentials from their URLs. */
export interface ServerAddresses {
  readonly servers: string[];
  readonly credentials: { user?: string; pass?: string; token?: string };
}

const USER_INFO = /^([a-z]+:\/\/)?([^@/]*)@/;

/**
 * Takes credentials out of `nats://user:pass@host` and `nats://token@host`: the client ignores them there,
 * and an error would show them.
 *
 * @throws {@link InvalidOptionError} when there is no server, or the URLs name different credentials.
 */
export function parseServers(servers: string | readonly string[] | undefined): ServerAddresses {
  const urls = [servers ?? []].flat().map((url) => (typeof url === 'string' ? url.trim() : ''));
  if (urls.length === 0 || urls.includes('')) {
    throw new InvalidOptionError({
      option: 'servers',
      given: servers,
      allowed: "at least one URL such as 'nats://127.0.0.1:4222'",
    });
  }
  const userInfos = new Set(urls.map((url) => USER_INFO.exec(url)?.[2]).filter((info) => info !== undefined));
  if (userInfos.size > 1) {
    throw new InvalidOptionError({
      option: 'servers',
      given: 'URLs with different credentials',
      allowed: 'URLs with the same credentials: a client has one identity',
    });
  }
  const [userInfo] = userInfos;
  return {
    servers: urls.map((url) => url.replace(USER_INFO, '$1')),
    credentials: userInfo === undefined ? {} : toCredentials(userInfo),
  };
}

function toCredentials(userInfo: string): ServerAddresses['credentials'] {
  const colon = userInfo.indexOf(':');
  if (colon === -1) return { token: decode(userInfo) };
  return { user: decode(userInfo.slice(0, colon)), pass: decode(userInfo.slice(colon + 1)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // without the cause, which may show the text
    throw new InvalidOptionError({
      option: 'servers',
      given: 'credentials with a stray %',
      allowed: 'URLs whose credentials are percent-encoded',
    });
  }
}
