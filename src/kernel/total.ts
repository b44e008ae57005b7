/** The sum of numbers; undefined when one of them is not known. */
export function total(numbers: readonly (number | undefined)[]): number | undefined {
  let sum = 0;
  for (const each of numbers) {
    if (each === undefined) return undefined;
    sum += each;
  }
  return sum;
}
