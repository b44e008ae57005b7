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
