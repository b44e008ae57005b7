import { LONGEST_SUBJECT } from '../../jetstream/names/subject-length.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * The subject that an event or request of a normalized pattern is sent to.
 *
 * @throws {@link InvalidOptionError} when the pattern is not a literal subject, or longer than a server takes.
 */
export function literalSubject(pattern: string): string {
  const tokens = pattern.split('.');
  const isLiteral = tokens.every((token) => token !== '' && token !== '*' && token !== '>');
  if (isLiteral && !/\s/.test(pattern)) return requireShort(pattern);
  throw new InvalidOptionError({
    option: 'pattern',
    given: pattern,
    allowed:
      'a subject without wildcards, white space or empty parts; the same applies to the JSON of an object pattern',
  });
}

function requireShort(pattern: string): string {
  const bytes = Buffer.byteLength(pattern);
  if (bytes <= LONGEST_SUBJECT) return pattern;
  throw new InvalidOptionError({
    option: 'pattern',
    given: pattern,
    allowed: `at most ${LONGEST_SUBJECT} bytes, and it has ${bytes}: a server cuts the connection on longer ones`,
  });
}
