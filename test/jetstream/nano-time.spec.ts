import fc from 'fast-check';
import { fromNanoTime, toNanoTime } from '../../src/jetstream/consume/nano-time.js';

describe('a time with nanoseconds', () => {
  it('is written as the server writes it', () => {
    expect(toNanoTime(1_767_225_601_000_000_042n)).toBe('2026-01-01T00:00:01.000000042Z');
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }), (nanos) => {
        expect(fromNanoTime(toNanoTime(nanos))).toBe(nanos);
      }),
    );
  });

  it.each(['', '2026-01-01', '2026-01-01T00:00:01Z', 'soon'])('is not %j', (text) => {
    expect(fromNanoTime(text)).toBeUndefined();
  });
});
