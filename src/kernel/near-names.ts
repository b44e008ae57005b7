/** Most edits between two names that may be meant for each other. */
const MOST_EDITS = 2;

/** Those of the known names that a misspelt one may stand for: other capitals, or at most two edits away. */
export function nearNames(name: string, known: readonly string[]): string[] {
  const lower = name.toLowerCase();
  return known.filter((other) => editsBetween(lower, other.toLowerCase()) <= MOST_EDITS);
}

/** The Levenshtein distance. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index += 1) {
    const above = row;
    row = [index + 1];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = (above[column - 1] ?? 0) + (other[column - 1] === one[index] ? 0 : 1);
      row.push(Math.min(replaced, (above[column] ?? 0) + 1, (row[column - 1] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}
