import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { TlsOptions } from '@nats-io/transport-node';

/** What the client's host name is when it has none. */
const UNNAMED = 'localhost';

/**
 * Checks the certificate of a server that is named by its IP address against that address. The client (3.4.0)
 * checks it against the name `localhost` instead, which refuses the right certificates and accepts wrong
 * ones. It does not report which of several addresses is connected, so a certificate for one of them will do.
 */
export function withIpCheck(tls: TlsOptions, servers: readonly string[]): TlsOptions {
  // then it gives Node the address
  if (tls.handshakeFirst === true) return tls;
  const hosts = servers.map(hostOf);
  const addresses = hosts.filter((host) => isIP(host) !== 0);
  if (addresses.length === 0) return tls;
  const unnamed = hosts.includes(UNNAMED) ? [UNNAMED, ...addresses] : addresses;
  const check = (host: string, certificate: PeerCertificate): Error | undefined => {
    const names = host === UNNAMED ? unnamed : [host];
    const faults = names.map((name) => checkServerIdentity(name, certificate));
    return faults.includes(undefined) ? undefined : faults[0];
  };
  // the client hands on to Node what it does not know itself
  const passedOn = { checkServerIdentity: check, ...tls };
  return passedOn;
}

function hostOf(server: string): string {
  const url = server.includes('://') ? server : `nats://${server}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
}
