import { readFileSync } from 'node:fs';
import { type Authenticator, credsAuthenticator } from '@nats-io/transport-node';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * The credentials in a file, read again for each connection: a token is renewed by putting another file in
 * its place. A file that cannot be read at that moment, since it is being replaced, counts as unchanged.
 *
 * @throws {@link InvalidOptionError} when there are no credentials in the file to begin with.
 */
export function fileAuthenticator(path: string): Authenticator {
  let good = read(path);
  return (nonce) => {
    try {
      const content = readFileSync(path);
      const proof = credsAuthenticator(content)(nonce);
      good = content;
      return proof;
    } catch {
      return credsAuthenticator(good)(nonce);
    }
  };
}

/**
 * The caller's own authenticators, which are asked at each connection as well. What one throws when the
 * connection is renewed would close it for good: then the server is left to refuse, and is tried again.
 */
export function guardedAuthenticator(
  authenticator: Authenticator,
  report: (error: unknown) => void,
): Authenticator {
  let hasWorked = false;
  return (nonce) => {
    try {
      const proof = authenticator(nonce);
      hasWorked = true;
      return proof;
    } catch (error) {
      if (!hasWorked) throw error;
      report(error);
      return undefined;
    }
  };
}

function read(path: string): Uint8Array {
  try {
    const content = readFileSync(path);
    credsAuthenticator(content)('');
    return content;
  } catch (cause) {
    throw new InvalidOptionError(
      { option: 'credentialsFile', given: path, allowed: 'the path of a readable credentials file' },
      { cause },
    );
  }
}
