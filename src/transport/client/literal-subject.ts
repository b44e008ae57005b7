import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/**
 * The subject that a normalized pattern stands for when something is sent to it.
 *
 * @throws {@link InvalidOptionError} when nothing can be sent there.
 */
export function literalSubject(pattern: string): string {
  const tokens = pattern.split('.');
  const isLiteral = tokens.every((token) => token !== '' && token !== '*' && token !== '>');
  if (isLiteral && !/\s/.test(pattern)) return pattern;
  throw new InvalidOptionError({
    option: 'pattern',
    given: pattern,
    allowed:
      'a subject without wildcards, white space or empty parts; an object pattern becomes JSON, and holds to the same',
  });
}
