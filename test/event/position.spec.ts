import fc from 'fast-check';
import { asPosition, comparePositions, parsePosition, positionOf } from '../../src/event/position.js';
import { InvalidOptionError } from '../../src/kernel/invalid-option-error.js';

const parts = fc.record({
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  index: fc.integer({ min: 0, max: 9_999_999 }),
});

describe('position', () => {
  it('can be parsed from its text', () => {
    fc.assert(
      fc.property(parts, ({ sequence, index }) => {
        expect(parsePosition(asPosition(String(positionOf(sequence, index))))).toEqual({ sequence, index });
      }),
    );
  });

  it('is ordered by sequence, then by index in the commit, as numbers and not as text', () => {
    const inOrder = [
      positionOf(2, 0),
      positionOf(2, 9),
      positionOf(2, 10),
      positionOf(10, 0),
      positionOf(100, 0),
    ];
    expect(inOrder.toReversed().toSorted(comparePositions)).toEqual(inOrder);
    expect(comparePositions(positionOf(7, 1), positionOf(7, 1))).toBe(0);
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const order = comparePositions(positionOf(a.sequence, a.index), positionOf(b.sequence, b.index));
        expect(Math.sign(order)).toBe(Math.sign(a.sequence - b.sequence || a.index - b.index));
      }),
    );
  });

  it.each([
    '',
    '1',
    '1.',
    '.1',
    '-1.0',
    '1.-1',
    '1.0.0',
    ' 1.0',
    '1.0\n',
    '1e3.0',
    '１.0',
    'abc',
    '12345678901234567.0',
  ])('rejects the text %j', (text) => {
    expect(() => asPosition(text)).toThrow(InvalidOptionError);
  });
});
