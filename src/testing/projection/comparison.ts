import assert from 'node:assert/strict';
import { inspect } from 'node:util';

/**
 * Compares rows in any order. A column that is missing counts as null, as in a projection in row style.
 *
 * @throws AssertionError with the difference.
 */
export function assertRows(actual: unknown, expected: readonly object[]): void {
  if (!Array.isArray(actual)) {
    const message = `the rows were read as ${inspect(actual)}; let the function return a list of rows`;
    throw new assert.AssertionError({ message, actual, expected, operator: 'thenRows' });
  }
  assertSame('the rows are others than expected', {
    actual: comparable(actual),
    expected: comparable(expected),
    operator: 'thenRows',
  });
}

/** @throws AssertionError with what differs. */
export function assertSame(
  message: string,
  {
    actual,
    expected,
    operator,
  }: { readonly actual: unknown; readonly expected: unknown; readonly operator: string },
): void {
  try {
    assert.deepEqual(actual, expected);
  } catch (error) {
    const difference = (error as Error).message;
    throw new assert.AssertionError({ message: `${message}\n${difference}`, actual, expected, operator });
  }
}

/** A model as text, which later changes of it do not change. The order of a list of rows does not count. */
export function textOf(model: unknown): string {
  return Array.isArray(model) ? model.map(textOfValue).toSorted().join('\n') : textOfValue(model);
}

function comparable(rows: readonly unknown[]): unknown[] {
  const columns = rows.map((row) => {
    const isRow = typeof row === 'object' && row !== null;
    return isRow
      ? Object.fromEntries(Object.entries(row).filter(([, value]) => (value ?? null) !== null))
      : row;
  });
  return columns
    .map((row) => ({ row, text: textOfValue(row) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ row }) => row);
}

function textOfValue(value: unknown): string {
  return inspect(value, { depth: null, sorted: true, maxArrayLength: null, maxStringLength: null });
}
