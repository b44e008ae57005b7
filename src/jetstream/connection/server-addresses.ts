import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/** Addresses of servers, and the credentials from their URLs. */
export interface ServerAddresses {
  readonly servers: string[];
  readonly credentials: { user?: string; pass?: string; token?: string };
  /** Whether a URL asks for TLS: a client speaks it with all servers or with none. */
  readonly isTls: boolean;
}

/** A URL taken apart. */
interface Address {
  readonly scheme: string;
  /** What stands before the host. Undefined for none. */
  readonly userInfo: string | undefined;
  readonly host: string;
}

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
/** A name, an IPv4 address, or an IPv6 address in brackets or without them, and a port. */
const HOST = /^(\[[0-9a-z:.%]+\]|[\p{L}\p{N}._-]+|[0-9a-f.]*(:[0-9a-f.]*){2,}?)(:\d+)?$/iu;
const SCHEMES: ReadonlySet<string> = new Set(['', 'nats', 'tls']);

/**
 * Takes credentials out of `nats://user:pass@host` and `nats://token@host`: the client ignores them there,
 * and an error would show them. They end at the last `@`, so that a password may be written as it is.
 *
 * @throws {@link InvalidOptionError} when there is no server, a scheme is none of NATS, or the URLs name
 * different credentials. It shows no part of a URL but its scheme.
 */
export function parseServers(servers: string | readonly string[] | undefined): ServerAddresses {
  const urls = [servers ?? []].flat().flatMap(urlsIn);
  if (urls.length === 0 || urls.includes(''))
    throw refused('none, or an empty one', "at least one URL such as 'nats://127.0.0.1:4222'");
  const addresses = urls.map(parseAddress);
  const userInfos = new Set(addresses.flatMap(({ userInfo }) => userInfo ?? []));
  if (userInfos.size > 1)
    throw refused(
      'URLs with different credentials',
      'URLs with the same credentials: a client has one identity',
    );
  const [userInfo] = userInfos;
  return {
    servers: addresses.map(({ scheme, host }) => (scheme === '' ? host : `${scheme}://${host}`)),
    credentials: userInfo === undefined ? {} : toCredentials(userInfo),
    isTls: addresses.some(({ scheme }) => scheme === 'tls'),
  };
}

/**
 * The URLs in a text, separated by commas. A password may hold a comma as well: where there are credentials,
 * a comma separates only before the scheme of the next URL.
 */
function urlsIn(text: unknown): string[] {
  if (typeof text !== 'string') return [''];
  const urls = text.includes('@') ? text.split(/,(?=\s*[a-z][a-z0-9+.-]*:\/\/)/i) : text.split(',');
  return urls.map((url) => url.trim());
}

function parseAddress(url: string): Address {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase() ?? '';
  if (!SCHEMES.has(scheme))
    throw refused(`a URL that begins with ${scheme}://`, 'URLs that begin with nats:// or tls://');
  const rest = scheme === '' ? url : url.slice(scheme.length + 3);
  const at = rest.lastIndexOf('@');
  const host = rest.slice(at + 1).replace(/\/$/, '');
  if (!HOST.test(host))
    throw refused(
      'a URL whose host cannot be told',
      "URLs such as 'nats://user:password@host:4222', with all that is special in the password percent-encoded",
    );
  return { scheme, userInfo: at === -1 ? undefined : rest.slice(0, at), host };
}

function toCredentials(userInfo: string): ServerAddresses['credentials'] {
  const colon = userInfo.indexOf(':');
  if (colon === -1) return { token: decode(userInfo) };
  return { user: decode(userInfo.slice(0, colon)), pass: decode(userInfo.slice(colon + 1)) };
}

/** A text with a stray `%` has not been encoded: it is taken as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The value itself may hold a password: only a description of it is shown. */
function refused(given: string, allowed: string): InvalidOptionError {
  return new InvalidOptionError({ option: 'servers', given, allowed });
}
