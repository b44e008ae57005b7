import fc from 'fast-check';
import { type Position, positionOf } from '../../src/event/position.js';
import { SLOTS, slotOf } from '../../src/event/slot.js';
import { streamName } from '../../src/event/stream-name.js';
import { slotsOfLane } from '../../src/lane/lane-slots.js';
import type { Checkpoint } from '../../src/projection/store/checkpoint.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import { divideAgain, firstCheckpoints } from '../../src/projection/run/lane-layout.js';
import { OrderPlaced } from './orders.js';
import type { FaultyProjectionStore, Model } from './faulty-projection-store.js';
import { ProjectionBench, errorOf, quick, statusOf } from './projection-bench.js';

let bench: ProjectionBench;
let store: FaultyProjectionStore;

beforeEach(() => {
  bench = new ProjectionBench();
  ({ store } = bench);
});

afterEach(() => bench.stop());

/** How often each order was counted. */
function counts(lanes: number, before?: (customer: string) => unknown): ProjectionDefinition<Model> {
  return defineProjection({
    name: 'counts',
    lanes,
    store,
    clear: async (model) => model.clear(),
    events: { OrderPlaced },
    on: {
      OrderPlaced: async ({ data }, model) => {
        await before?.(data.customer);
        model.set(data.customer, (model.get(data.customer) ?? 0) + 1);
      },
    },
  });
}

async function order(n: number): Promise<Position> {
  const { position } = await bench.log.append(streamName('order', `${n}`), [new OrderPlaced(`c${n}`)]);
  return position as Position;
}

const all = (count: number): [string, number][] =>
  Array.from({ length: count }, (_, n): [string, number] => [`c${n}`, 1]);

const sorted = (): [string, number][] =>
  [...store.model].toSorted(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)));

describe('a projection with lanes', () => {
  it('handles each event once, in a lane with a checkpoint of its own', async () => {
    for (let n = 0; n < 40; n += 1) await order(n);
    const projections = await bench.started(counts(4));
    await projections.waitUntilLive(quick);
    const position = await order(40);
    await projections.waitFor('counts', position, quick);
    expect(sorted()).toEqual(all(41));
    const { lanes } = statusOf(projections);
    expect(lanes.map(({ lane, state }) => [lane, state])).toEqual([0, 1, 2, 3].map((lane) => [lane, 'live']));
    expect(new Set(lanes.map((lane) => lane.position)).size).toBe(4);
  });

  it('waits for every lane; one with nothing pending counts as arrived', async () => {
    const projections = await bench.started(counts(8));
    const position = await order(1);
    await projections.waitFor('counts', position, quick);
    expect(store.model.get('c1')).toBe(1);
    await projections.waitUntilLive(quick);
  });

  it.each([
    [4, 3],
    [1, 5],
    [5, 1],
    [2, 64],
  ])(
    'goes on after its number was changed from %i to %i, and repeats and misses nothing',
    async (from, to) => {
      // the lanes stop at different places
      let stopAt = Infinity;
      const handled: number[] = [];
      const first = await bench.started(
        counts(from, (customer) => {
          const n = Number(customer.slice(1));
          if (n > stopAt && slotOf(streamName('order', `${n}`)) % 2 === 0) throw new TypeError('not yet');
          handled.push(n);
        }),
      );
      await first.waitUntilLive(quick);
      stopAt = 20;
      for (let n = 0; n < 60; n += 1) await order(n);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await first.stop();
      stopAt = Infinity;
      expect(new Set(handled).size).toBeLessThan(60);
      const second = await bench.started(counts(to));
      await second.waitUntilLive(quick);
      await second.waitFor('counts', await order(60), quick);
      expect(sorted()).toEqual(all(61));
      const { lanes } = statusOf(second);
      expect(lanes).toHaveLength(to);
      expect(store.checkpoint('counts')?.lanes).toBe(to);
    },
  );

  it('stops when another process has changed the number since', async () => {
    const first = await bench.started(counts(2));
    await first.waitUntilLive(quick);
    const second = await bench.started(counts(3));
    await second.waitUntilLive(quick);
    const position = await order(1);
    await second.waitFor('counts', position, quick);
    const error = await errorOf(first.waitFor('counts', await order(2), quick));
    expect(error).toMatchObject({ code: 'projection-failed' });
    expect(error.message).toContain('divided it into 3 lanes, this one has 2');
    await second.waitFor('counts', await order(3), quick);
    expect(store.model.size).toBe(3);
  });

  it('is rebuilt in all its lanes', async () => {
    for (let n = 0; n < 20; n += 1) await order(n);
    const projections = await bench.started(counts(4));
    await projections.waitUntilLive(quick);
    store.model.set('by hand', 1);
    expect(await projections.rebuild('counts')).toMatchObject({ events: 20, commits: 20 });
    expect(sorted()).toEqual(all(20));
  });
});

describe('a change of the number of lanes', () => {
  const lanesOf = fc.integer({ min: 1, max: SLOTS });

  it('keeps for each slot how far the model is, in one lane each', () => {
    const property = fc.property(
      fc.array(lanesOf, { minLength: 2, maxLength: 4 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 50 })),
      (numbers, progress) => {
        const [first = 1, ...next] = numbers;
        let checkpoints = firstCheckpoints(
          { projection: 'p', version: 1, build: 1 },
          { lanes: first, storeIdentity: 'i', start: undefined, epoch: 0 },
        );
        for (const lanes of next) {
          checkpoints = checkpoints.map((checkpoint) => movedTo(checkpoint, progress.next().value));
          const before = reachOf(checkpoints);
          checkpoints = divideAgain(checkpoints, lanes);
          expect(reachOf(checkpoints)).toEqual(before);
          expect(checkpoints.map(({ lane }) => lane)).toEqual(Array.from({ length: lanes }, (_, n) => n));
        }
      },
    );
    fc.assert(property, { numRuns: 200 });
  });

  it('gives every slot to one lane', () => {
    for (let lanes = 1; lanes <= SLOTS; lanes += 1) {
      const slots = Array.from({ length: lanes }, (_, lane) => slotsOfLane({ lane, lanes })).flat();
      expect(slots).toEqual(Array.from({ length: SLOTS }, (_, slot) => slot));
    }
  });
});

/** The lane has handled all up to a sequence, and is not moved back. */
function movedTo(checkpoint: Checkpoint, sequence: number): Checkpoint {
  const at = sequenceOf(checkpoint.position);
  if (sequence <= at) return checkpoint;
  const ahead = Object.entries(checkpoint.ahead ?? {}).filter(([, upTo]) => sequenceOf(upTo) > sequence);
  return {
    ...checkpoint,
    position: positionOf(sequence, 0),
    commitId: `c${sequence}`,
    ahead: ahead.length === 0 ? undefined : Object.fromEntries(ahead),
  };
}

/** For each slot, up to which sequence the model holds its events. */
function reachOf(checkpoints: readonly Checkpoint[]): number[] {
  const reach: number[] = [];
  for (const { lane, lanes, position, ahead } of checkpoints) {
    for (const slot of slotsOfLane({ lane, lanes })) {
      reach[slot] = Math.max(sequenceOf(position), sequenceOf(ahead?.[slot]));
    }
  }
  return reach;
}

function sequenceOf(position: Position | undefined): number {
  return position === undefined ? 0 : Number(position.split('.')[0]);
}
