import { setTimeout as delay } from 'node:timers/promises';
import { type EventStore, type StreamName, streamName } from '../../src/index.js';
import { Counted } from '../support/order-events.js';

const STREAMS = 200;
/** Between two appends of a writer: so that the projections keep up, and are killed at the end of the log. */
const PAUSE_MS = 100;

export interface TallyWriting {
  readonly signal: AbortSignal;
  readonly onAppended: (events: number) => void;
}

let n = 0;

/** Appends until it is stopped: every tenth time a transaction over two streams. */
export async function tally(store: EventStore, { signal, onAppended }: TallyWriting): Promise<void> {
  for (let turn = 1; !signal.aborted; turn += 1) {
    const [first, second] = [randomStream(), randomStream()];
    const isOne = turn % 10 !== 0 || first.id === second.id;
    if (isOne) await store.append(first, events(1 + (turn % 3)));
    else
      await store.transact([
        { stream: first, events: events(1) },
        { stream: second, events: events(2) },
      ]);
    onAppended(isOne ? 1 + (turn % 3) : 3);
    await delay(PAUSE_MS);
  }
}

function events(count: number): Counted[] {
  return Array.from({ length: count }, () => new Counted((n += 1)));
}

function randomStream(): StreamName {
  return streamName('tally', `${Math.floor(Math.random() * STREAMS)}`);
}
