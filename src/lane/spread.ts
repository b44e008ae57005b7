import { laneKey, type LaneRef } from './lane-key.js';

/** A member that is alive, and what it runs. */
export interface Candidate {
  readonly id: string;
  /** The number of lanes of each work that it runs. */
  readonly works: ReadonlyMap<string, number>;
  /** Keys of lanes that it neither hands over nor takes. */
  readonly stuck: ReadonlySet<string>;
}

/** Who is there, and who owns what. */
export interface Situation {
  /** The member that plans. */
  readonly self: string;
  /** The members that are alive, the one that plans among them. */
  readonly members: readonly Candidate[];
  /** Owners by the keys of the lanes. A lane without one is free. */
  readonly owners: ReadonlyMap<string, string>;
  /** Keys of the lanes that the planning member runs. */
  readonly held: ReadonlySet<string>;
}

/** What a member is to do. */
export interface SpreadPlan {
  readonly take: readonly LaneRef[];
  /** One lane at most is handed over at a time. */
  readonly give: LaneRef | undefined;
}

/** A lane with the members that can run it. */
interface Place extends LaneRef {
  readonly key: string;
  readonly candidates: readonly Candidate[];
}

/** A lane that would better be another's. */
interface Move {
  readonly place: Place;
  readonly from: Candidate;
  /** How many lanes more than the other its owner has: in all, and of this work. */
  readonly surplus: readonly [inAll: number, ofWork: number];
}

/**
 * Spreads the lanes of all works over the members that run them. Every member plans for all, in an order that
 * is the same for each, and does its own part. Free lanes go to who has least. A lane is handed over where its
 * owner has at least two more than another, so that none goes back and forth.
 */
export function planSpread(situation: Situation): SpreadPlan {
  const { self, owners, held } = situation;
  const places = placesOf(situation.members);
  const loads = new Loads(places, owners);
  const canTake = ({ key, candidates }: Place): boolean =>
    candidates.some(({ id, stuck }) => id === self && !stuck.has(key));
  // what it took without hearing so, or could not hand back
  const take = places.filter(
    (place) => owners.get(place.key) === self && !held.has(place.key) && canTake(place),
  );
  for (const place of places.filter(({ key }) => !owners.has(key)).toSorted(scarceFirst)) {
    const taker = loads.leastOf(place);
    if (taker === undefined) continue;
    loads.add(taker.id, place.work);
    if (taker.id === self) take.push(place);
  }
  const move = bestMove(places, owners, loads);
  return { take, give: move?.from.id === self && held.has(move.place.key) ? move.place : undefined };
}

/** How many lanes each member has: in all, and of each work. */
class Loads {
  readonly #inAll = new Map<string, number>();
  readonly #ofWork = new Map<string, number>();

  constructor(places: readonly Place[], owners: ReadonlyMap<string, string>) {
    for (const { key, work } of places) {
      const owner = owners.get(key);
      if (owner !== undefined) this.add(owner, work);
    }
  }

  add(id: string, work: string): void {
    this.#inAll.set(id, this.inAll(id) + 1);
    this.#ofWork.set(laneOfWork(id, work), this.ofWork(id, work) + 1);
  }

  inAll(id: string): number {
    return this.#inAll.get(id) ?? 0;
  }

  ofWork(id: string, work: string): number {
    return this.#ofWork.get(laneOfWork(id, work)) ?? 0;
  }

  leastOf({ key, work, candidates }: Place): Candidate | undefined {
    return candidates
      .filter(({ stuck }) => !stuck.has(key))
      .toSorted(
        (one, other) =>
          this.inAll(one.id) - this.inAll(other.id) ||
          this.ofWork(one.id, work) - this.ofWork(other.id, work) ||
          compareTexts(one.id, other.id),
      )[0];
  }
}

function laneOfWork(id: string, work: string): string {
  return `${id} ${work}`;
}

function placesOf(members: readonly Candidate[]): Place[] {
  const lanes = new Map<string, number>();
  for (const { works } of members)
    for (const [work, count] of works) lanes.set(work, Math.max(count, lanes.get(work) ?? 0));
  return [...lanes].flatMap(([work, count]) =>
    Array.from({ length: count }, (_, lane) => {
      const candidates = members.filter(({ works }) => (works.get(work) ?? 0) > lane);
      return { work, lane, key: laneKey({ work, lane }), candidates };
    }),
  );
}

/** The move that evens out most. It is one for all, so that two owners do not hand over for one member. */
function bestMove(
  places: readonly Place[],
  owners: ReadonlyMap<string, string>,
  loads: Loads,
): Move | undefined {
  const moves = places.flatMap((place): Move[] => {
    const { key, work, candidates } = place;
    const from = candidates.find(({ id, stuck }) => id === owners.get(key) && !stuck.has(key));
    const to = from && loads.leastOf(place);
    if (from === undefined || to === undefined) return [];
    const inAll = loads.inAll(from.id) - loads.inAll(to.id);
    if (inAll < 2) return [];
    return [{ place, from, surplus: [inAll, loads.ofWork(from.id, work) - loads.ofWork(to.id, work)] }];
  });
  return moves.toSorted(largestFirst)[0];
}

function largestFirst(one: Move, other: Move): number {
  return (
    other.surplus[0] - one.surplus[0] ||
    other.surplus[1] - one.surplus[1] ||
    compareTexts(one.from.id, other.from.id) ||
    compareTexts(one.place.work, other.place.work) ||
    other.place.lane - one.place.lane
  );
}

/** What few can run is given out first, in an order that is the same for all. */
function scarceFirst(one: Place, other: Place): number {
  return (
    one.candidates.length - other.candidates.length ||
    compareTexts(one.work, other.work) ||
    one.lane - other.lane
  );
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
