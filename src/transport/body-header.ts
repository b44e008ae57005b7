/**
 * Says that a body is the payload itself, where it looks like a packet of Nest for the subject that it was
 * published to.
 */
export const BODY_HEADER = 'Nest-Body';
export const PAYLOAD_BODY = 'payload';

/** All keys that a packet of Nest can have. */
const PACKET_KEYS: ReadonlySet<string> = new Set(['pattern', 'data', 'id', 'metadata']);

/**
 * Whether a body is a packet of Nest: it has `pattern`, `data` and no key that packets do not have, and the
 * pattern is the one that belongs to the subject. Programs without Nest may send any other JSON.
 *
 * @param subject Undefined where it is not known: then any pattern fits.
 */
export function isPacketFor(
  subject: string | undefined,
  body: unknown,
): body is { readonly pattern: unknown } {
  if (typeof body !== 'object' || body === null) return false;
  const keys = Object.keys(body);
  if (!('pattern' in body) || !keys.includes('data')) return false;
  return keys.every((key) => PACKET_KEYS.has(key)) && belongsTo(subject, body.pattern);
}

/** The subject of an object pattern is JSON with sorted keys. */
function belongsTo(subject: string | undefined, pattern: unknown): boolean {
  if (subject === undefined) return true;
  return typeof pattern === 'string' || typeof pattern === 'number'
    ? `${pattern}` === subject
    : subject.startsWith('{');
}
