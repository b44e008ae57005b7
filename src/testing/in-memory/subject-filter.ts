/**
 * Whether a subject matches a filter. Only the wildcard for one token is used; `$` and `%` in a subject are
 * plain characters.
 */
export function matchesFilter(subject: string, filter: string): boolean {
  const tokens = subject.split('.');
  const pattern = filter.split('.');
  return (
    tokens.length === pattern.length &&
    pattern.every((token, index) => token === '*' || token === tokens[index])
  );
}
