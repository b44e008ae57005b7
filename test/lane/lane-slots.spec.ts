import { overlappedLanes, slotsOfLane } from '../../src/lane/lane-slots.js';

const counts = Array.from({ length: 64 }, (_, index) => index + 1);
const lanesOf = (count: number) => Array.from({ length: count }, (_, lane) => lane);

describe('the slots of lanes', () => {
  it('cover all 64 in contiguous ranges of nearly one size, for every number of lanes', () => {
    for (const lanes of counts) {
      const ranges = lanesOf(lanes).map((lane) => slotsOfLane({ lane, lanes }));
      expect(ranges.flat()).toEqual(Array.from({ length: 64 }, (_, slot) => slot));
      const sizes = ranges.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(2);
    }
  });

  it('overlap those of an earlier division exactly where they share a slot', () => {
    for (const lanes of [1, 3, 4, 7, 64])
      for (const before of [1, 2, 5, 8, 64])
        for (const lane of lanesOf(lanes)) {
          const slots = new Set(slotsOfLane({ lane, lanes }));
          const sharing = lanesOf(before).filter((old) =>
            slotsOfLane({ lane: old, lanes: before }).some((slot) => slots.has(slot)),
          );
          expect(overlappedLanes({ lane, lanes }, before)).toEqual(sharing);
        }
  });

  it.each([
    [{ lane: 0, lanes: 0 }, 'lanes'],
    [{ lane: 0, lanes: 65 }, 'lanes'],
    [{ lane: 2, lanes: 2 }, 'lane'],
    [{ lane: -1, lanes: 2 }, 'lane'],
  ])('are refused for %j', (part, option) => {
    expect(() => slotsOfLane(part)).toThrow(expect.objectContaining({ code: 'invalid-option', option }));
  });
});
