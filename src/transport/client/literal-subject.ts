import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * The subject that an event or request of a normalized pattern is sent to.
 *
 * @throws {@link InvalidOptionError} when the pattern is not a literal subject.
 */
export function literalSubject(pattern: string): string {
  const tokens = pattern.split('.');
  const isLiteral = tokens.every((token) => token !== '' && token !== '*' && token !== '>');
  if (isLiteral && !/\s/.test(pattern)) return pattern;
  throw new InvalidOptionError({
    option: 'pattern',
    given: pattern,
    allowed:
      'a subject without wildcards, white space or empty parts; the same applies to the JSON of an object pattern',
  });
}
