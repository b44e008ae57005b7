/** Names of the settings that are not as they should be. The server fills in what was not asked for. */
export function differences<Settings extends object>(
  found: Partial<Settings>,
  wanted: Partial<Settings>,
): string[] {
  return Object.entries(wanted)
    .filter(([key, value]) => value !== undefined && !isWithin(value, found[key as keyof Settings]))
    .map(([key]) => key);
}

/** What the server leaves out of an answer is zero, false or empty. */
function isWithin(wanted: unknown, found: unknown): boolean {
  if (found === undefined) return !wanted || (Array.isArray(wanted) && wanted.length === 0);
  if (Array.isArray(wanted) && Array.isArray(found)) {
    return wanted.length === found.length && wanted.every((item, index) => isWithin(item, found[index]));
  }
  if (typeof wanted !== 'object' || wanted === null) return wanted === found;
  return Object.entries(wanted).every(([key, value]) =>
    isWithin(value, (found as Record<string, unknown>)[key]),
  );
}
