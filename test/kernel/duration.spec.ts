import { durationOption } from '../../src/kernel/duration.js';

it.each([
  [0, 0],
  [1.5, 2],
  ['250ms', 250],
  ['10s', 10_000],
  ['1 minute', 60_000],
  ['2h30m', 9_000_000],
  [' 2h 30 min ', 9_000_000],
  ['1.5 days', 129_600_000],
  ['3 days', 259_200_000],
  ['2w', 1_209_600_000],
])('%p is %p ms', (given, expected) => {
  expect(durationOption('in', given)).toBe(expected);
});

it.each([
  '',
  'soon',
  '3',
  '3 months',
  '-1s',
  '1s later',
  '1e3s',
  'constructor',
  '1 constructor',
  -1,
  Number.NaN,
  Infinity,
  null,
  {},
])('%p is refused', (given) => {
  expect(() => durationOption('in', given)).toThrow(/^in must be a number of milliseconds/);
});
