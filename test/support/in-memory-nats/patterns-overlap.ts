/** Whether some subject matches both patterns. */
export function patternsOverlap(one: string, other: string): boolean {
  const left = one.split('.');
  const right = other.split('.');
  for (const [index, token] of left.entries()) {
    const theirs = right[index];
    if (theirs === undefined) return false;
    if (token === '>' || theirs === '>') return true;
    if (token !== '*' && theirs !== '*' && token !== theirs) return false;
  }
  return left.length === right.length;
}
