import { laneKey } from '../../src/lane/lane-key.js';
import { type Candidate, planSpread } from '../../src/lane/spread.js';

const player = (id: string, works: Record<string, number>, stuck: string[] = []): Candidate => ({
  id,
  works: new Map(Object.entries(works)),
  stuck: new Set(stuck),
});

/** Lets all members plan in turn on what they see, until none has anything to do. Counts the moves. */
function play(
  members: readonly Candidate[],
  owners: Map<string, string>,
): { loads: number[]; moves: number } {
  let moves = 0;
  for (let rounds = 0; rounds < 1_000; rounds += 1) {
    let acted = 0;
    for (const { id } of members) {
      const held = new Set([...owners].filter(([, owner]) => owner === id).map(([key]) => key));
      const { take, give } = planSpread({ self: id, members, owners, held });
      for (const lane of take) owners.set(laneKey(lane), id);
      if (give !== undefined) owners.delete(laneKey(give));
      moves += take.length;
      acted += take.length + (give === undefined ? 0 : 1);
    }
    if (acted === 0) break;
  }
  return {
    loads: members.map(({ id }) => [...owners.values()].filter((owner) => owner === id).length),
    moves,
  };
}

describe('the spread of lanes', () => {
  it.each([
    [1, { a: 5 }, [5]],
    [2, { a: 1, b: 1, c: 1, d: 1 }, [2, 2]],
    [3, { a: 4, b: 4 }, [3, 3, 2]],
    [3, { a: 1 }, [1, 0, 0]],
  ])('over %i members of %j is even', (count, works, expected) => {
    const members = Array.from({ length: count }, (_, index) => player(`m${index}`, works));
    const { loads, moves } = play(members, new Map());
    expect(loads.toSorted((a, b) => b - a)).toEqual(expected);
    expect(moves).toBe(expected.reduce((sum, load) => sum + load));
  });

  it('is planned alike by all, so that free lanes are taken once', () => {
    const members = ['x', 'y', 'z'].map((id) => player(id, { a: 7, b: 3 }));
    const taken = members.flatMap(({ id }) =>
      planSpread({ self: id, members, owners: new Map(), held: new Set() }).take.map(laneKey),
    );
    expect(new Set(taken).size).toBe(10);
    expect(taken).toHaveLength(10);
  });

  it('moves as few as possible to one that joins, and those of the same work alternately', () => {
    const members = ['x', 'y'].map((id) => player(id, { a: 4, b: 4 }));
    const owners = new Map<string, string>();
    play(members.slice(0, 1), owners);
    expect(play(members, owners)).toEqual({ loads: [4, 4], moves: 4 });
    const ofA = [...owners].filter(([key, owner]) => key.startsWith('a.') && owner === 'x');
    expect(ofA).toHaveLength(2);
  });

  it('lets one owner at a time hand over', () => {
    const members = ['w', 'x', 'y', 'z'].map((id) => player(id, { a: 9 }));
    const owners = new Map<string, string>();
    play(members.slice(0, 3), owners);
    const givers = members.filter(({ id }) => {
      const held = new Set([...owners].filter(([, owner]) => owner === id).map(([key]) => key));
      return planSpread({ self: id, members, owners, held }).give !== undefined;
    });
    expect(givers).toHaveLength(1);
  });

  it('leaves lanes that are stuck where they are, and lets others move', () => {
    const members = [player('x', { a: 4 }, ['a.0', 'a.1', 'a.2', 'a.3']), player('y', { a: 4 })];
    const owners = new Map([0, 1, 2, 3].map((lane) => [`a.${lane}`, 'x']));
    expect(play(members, owners)).toEqual({ loads: [4, 0], moves: 0 });
  });

  it('gives a work to those that run it, and first to those who run nothing else', () => {
    const members = [player('x', { a: 2, b: 2 }), player('y', { a: 2 })];
    expect(play(members, new Map()).loads).toEqual([2, 2]);
  });

  it('claims again what is its own and not held, unless it must not', () => {
    const owners = new Map([['a.0', 'x']]);
    const plan = (stuck: string[], works = { a: 1 }) =>
      planSpread({ self: 'x', members: [player('x', works, stuck)], owners, held: new Set() }).take.map(
        laneKey,
      );
    expect(plan([])).toEqual(['a.0']);
    expect(plan(['a.0'])).toEqual([]);
    expect(plan([], {} as { a: number })).toEqual([]);
  });

  it('ends for random members and works, evenly where all run all', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let games = 0; games < 200; games += 1) {
      const works = Object.fromEntries(
        Array.from({ length: 1 + random(4) }, (_, n) => [`w${n}`, 1 + random(6)]),
      );
      const members = Array.from({ length: 1 + random(5) }, (_, n) => player(`m${n}`, works));
      const owners = new Map<string, string>();
      for (const [work, lanes] of Object.entries(works))
        for (let lane = 0; lane < lanes; lane += 1)
          if (random(2) === 0) owners.set(laneKey({ work, lane }), `m${random(members.length)}`);
      const { loads } = play(members, owners);
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(2);
      expect(loads.reduce((sum, load) => sum + load)).toBe(Object.values(works).reduce((a, b) => a + b));
    }
  });
});
