import { InvalidOptionError } from '../../kernel/invalid-option-error.js';

/** What a server takes for a subject: words that are not empty, without white space, and `>` at the end only. */
const SUBJECT = /^(?!(.*\.)?>\.)[^\s.]+(\.[^\s.]+)*$/;

/**
 * The subjects that are listened to, as they were given.
 *
 * @throws {@link InvalidOptionError} when no subject can match.
 */
export function subjectPattern(option: string, pattern: string): string {
  if (typeof pattern === 'string' && SUBJECT.test(pattern)) return pattern;
  const allowed =
    'a subject that can match: words between single dots, none of them empty, without white space, and > as the last word only';
  throw new InvalidOptionError({ option, given: pattern, allowed });
}

/**
 * Whether a pattern with wildcards matches every subject that `other`, a pattern or a literal subject,
 * matches.
 */
export function covers(pattern: string, other: string): boolean {
  const wide = pattern.split('.');
  const narrow = other.split('.');
  for (const [index, token] of wide.entries()) {
    if (token === '>') return narrow.length > index;
    const theirs = narrow[index];
    if (theirs === undefined || theirs === '>') return false;
    if (token !== '*' && token !== theirs) return false;
  }
  return wide.length === narrow.length;
}

/** The patterns without those that another of them takes in: a stream may not list both. */
export function withoutCovered(patterns: readonly string[]): string[] {
  const distinct = [...new Set(patterns)];
  return distinct.filter((pattern) => !distinct.some((other) => other !== pattern && covers(other, pattern)));
}
