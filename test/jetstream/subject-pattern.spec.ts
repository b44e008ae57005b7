import { covers, withoutCovered } from '../../src/jetstream/names/subject-pattern.js';

describe('a pattern of subjects', () => {
  it.each([
    ['order.*', 'order.created', true],
    ['order.*', 'order.*', true],
    ['order.>', 'order.*', true],
    ['order.>', 'order.a.b', true],
    ['order.>', 'order', false],
    ['order.*', 'order.>', false],
    ['order.*', 'order.a.b', false],
    ['*.created', 'order.created', true],
    ['order.created', 'order.*', false],
    ['>', 'order.>', true],
  ])('%s covers %s: %p', (pattern, other, expected) => {
    expect(covers(pattern, other)).toBe(expected);
  });

  it('is left out where another takes it in', () => {
    expect(withoutCovered(['o.*', 'o.>', 'p.a', 'p.a', 'q.*'])).toEqual(['o.>', 'p.a', 'q.*']);
  });
});
