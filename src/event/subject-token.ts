import { InvalidStreamNameError } from './event-errors.js';

/** Longest encoded id in bytes; the server leaves subjects of 4 kB unanswered. */
const MAX_TOKEN_BYTES = 1024;

/**
 * An id as one token of a subject: every UTF-8 byte outside `A-Z a-z 0-9 - _ ~` becomes `%XX`.
 * The rule is RFC 3986 percent-encoding with `.` encoded as well, so two ids never share a token.
 */
export function encodeSubjectToken(id: string): string {
  if (id === '') throw new InvalidStreamNameError({ part: 'id', given: id, reason: 'must not be empty' });
  const token = percentEncode(id);
  if (token.length > MAX_TOKEN_BYTES) {
    throw new InvalidStreamNameError({
      part: 'id',
      given: id,
      reason: `must not exceed ${MAX_TOKEN_BYTES} bytes once encoded, this one has ${token.length}`,
    });
  }
  return token;
}

/** The id behind a token that {@link encodeSubjectToken} made. */
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
    // the only thing that encodeURIComponent refuses is half of a surrogate pair, which UTF-8 cannot hold
    throw new InvalidStreamNameError(
      { part: 'id', given: id, reason: 'must be well-formed Unicode' },
      { cause },
    );
  }
}
