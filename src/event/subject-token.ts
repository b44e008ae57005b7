import { InvalidStreamNameError } from './event-errors.js';

/** Maximum length of an encoded id in bytes. The server does not answer requests with subjects of 4 kB. */
const MAX_TOKEN_BYTES = 1024;
/** Most ids need no encoding. */
const PLAIN = /^[A-Za-z0-9_~-]+$/;

/**
 * Encodes an id as one subject token: every UTF-8 byte outside `A-Z a-z 0-9 - _ ~` becomes `%XX`. This is RFC
 * 3986 percent-encoding with `.` encoded as well. Two different ids never have the same token.
 */
export function encodeSubjectToken(id: string): string {
  if (id === '') throw new InvalidStreamNameError({ part: 'id', given: id, reason: 'must not be empty' });
  const token = PLAIN.test(id) ? id : percentEncode(id);
  if (token.length > MAX_TOKEN_BYTES) {
    throw new InvalidStreamNameError({
      part: 'id',
      given: id,
      reason: `must not exceed ${MAX_TOKEN_BYTES} bytes once encoded, this one has ${token.length}`,
    });
  }
  return token;
}

/** Decodes a token that {@link encodeSubjectToken} made. */
export function decodeSubjectToken(token: string): string {
  return decodeURIComponent(token);
}

function percentEncode(id: string): string {
  try {
    return encodeURIComponent(id).replace(
      /[.!*'()]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  } catch (cause) {
    // encodeURIComponent throws only at half a surrogate pair, which UTF-8 cannot encode
    throw new InvalidStreamNameError(
      { part: 'id', given: id, reason: 'must be well-formed Unicode' },
      { cause },
    );
  }
}
