import fc from 'fast-check';
import { streamName, type StreamName } from '../../src/event/stream-name.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { InvalidStreamNameError } from '../../src/event/event-errors.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { collect } from '../support/collect.js';
import { Counted, counted, ORDER_EVENTS } from '../support/order-events.js';
import { type Pair, Run, step } from './properties-run.js';

const name = uniqueStoreName();
const inMemory = inMemoryEventStore({ name, events: ORDER_EVENTS });
/** Two handles on each store, so that the cached end of one of them can be outdated. */
let pairs: readonly [Pair, Pair];

beforeAll(async () => {
  pairs = [
    { real: await openStore({ name, events: ORDER_EVENTS }), memory: inMemory },
    { real: await openStore({ name, events: ORDER_EVENTS }), memory: inMemory.another() },
  ];
});

describe('the in-memory event store and the one on a server', () => {
  it('give the same answers as a simple model to any sequence of appends, conflicts, retries, transactions and reads', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25, size: 'max' }), async (steps) => {
        const run = new Run(pairs, `run-${++runs}`, await pairs[0].real.lastSequence());
        for (const next of steps) await run.take(next);
      }),
      { numRuns: 150, interruptAfterTimeLimit: 12_000 },
    );
  }, 60_000);

  it('store any id as a separate stream, or reject it before anything is sent', async () => {
    const id = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({ unit: fc.constantFrom('.', '*', '>', ' ', '/', '%', '2', 'E', '$', '\r', '\n', '\u0000') }),
      fc.string({ unit: 'grapheme-composite', maxLength: 400 }),
      fc
        .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
        .map((units) => String.fromCharCode(...units)),
    );
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(id, { minLength: 2, maxLength: 8 }), async (ids) => {
        const category = `ids-${++round}`;
        const written: string[] = [];
        for (const [index, each] of ids.entries()) {
          const order = named(category, each);
          if (order === undefined) continue;
          for (const store of [pairs[0].real, pairs[0].memory])
            await store.append(order, counted(index), { expect: 'none' });
          written.push(each);
        }
        expect(ids.filter((each) => !written.includes(each) && !canBeRefused(each))).toEqual([]);
        for (const store of [pairs[1].real, pairs[1].memory]) {
          const events = await collect(store.readAll({ categories: [category] }));
          expect(events.map(({ stream: { id: found } }) => found)).toEqual(written);
          for (const each of written) {
            const [event, more] = await collect(store.read(streamName(category, each)));
            expect(more).toBeUndefined();
            expect(event?.data).toEqual(new Counted(ids.indexOf(each)));
          }
        }
      }),
      { numRuns: 60, interruptAfterTimeLimit: 8_000 },
    );
  }, 60_000);
});

/** The stream name with the id; undefined if the id is rejected. */
function named(category: string, id: string): StreamName | undefined {
  try {
    return streamName(category, id);
  } catch (error) {
    if (error instanceof InvalidStreamNameError) return undefined;
    throw error;
  }
}

function canBeRefused(id: string): boolean {
  const isSound = Buffer.from(id).toString() === id;
  return id === '' || !isSound || encodeURIComponent(id).length > 300;
}
