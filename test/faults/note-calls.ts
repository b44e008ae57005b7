// An instance of a service with reactors whose handlers fail at random, until it is killed, or its standard input
// ends. Argument: settings as JSON. Each call and each parked event is a line in the file of the settings.
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connectEventStore, Reactors, type RecordedEvent } from '../../src/index.js';
import { Counted } from '../support/order-events.js';
import { isPoison, NOTERS, type NoterSettings, noter } from './noters.js';
import { seededRandom } from './seeded-random.js';

const { servers, name, file, seed, failures } = JSON.parse(process.argv[2] ?? '') as NoterSettings;
process.stdin.resume().on('end', () => process.exit(1));
const random = seededRandom(seed);
const note = (...words: (string | number)[]): void =>
  appendFileSync(file, `${Date.now()} ${process.pid} ${words.join(' ')}\n`);

/** What goes wrong in handlers. A handler that hangs is over for the check: nobody waits for it. */
const FAILURES: readonly (() => unknown)[] = [
  () => {
    throw new Error('thrown');
  },
  async () => Promise.reject(new TypeError('rejected')),
  () => {
    throw 'no error';
  },
  async () => Promise.reject(undefined),
  async () => new Promise(() => undefined),
];

function handle(reactor: string, event: RecordedEvent, isRedriven: boolean): unknown {
  const call = [reactor, event.stream.id, event.version];
  note(isRedriven ? 'redriven' : 'begin', ...call);
  const { n } = event.data as Counted;
  const isFailing = isPoison(n) ? !isRedriven || random() < 0.3 : random() < failures;
  if (!isFailing) return work(call, isRedriven);
  const failure = FAILURES[Math.floor(random() * FAILURES.length)];
  if (random() < 0.5) {
    note('failed', ...call);
    return failure?.();
  }
  return delay(random() * 5).then(() => {
    note('failed', ...call);
    return failure?.();
  });
}

async function work(call: readonly (string | number)[], isRedriven: boolean): Promise<void> {
  const takes = random();
  if (takes > 0.3) await delay(takes > 0.99 ? 100 : random() * 5);
  note(isRedriven ? 'redone' : 'done', ...call);
}

const store = await connectEventStore({ servers, name, events: [Counted] });
const definitions = NOTERS.map((each) =>
  noter(each, (event, { reactor, isRedriven }) => handle(reactor, event, isRedriven)),
);
const reactors = new Reactors(store, definitions, {
  service: name,
  logger: { warn: () => undefined, error: () => undefined },
  observer: {
    onDeadLetter: ({ handler, sequence, attempts }) => note('parked', handler, sequence, attempts),
    onInterruption: ({ consumer, reason }) => note('interrupted', consumer, reason),
  },
  onError: (error) => note('error', String((error as Error).message).replaceAll('\n', ' ')),
});
for (let isStarted = false; !isStarted;)
  try {
    await reactors.start();
    isStarted = true;
  } catch (error) {
    // without a server it cannot start: whatever supervises a service starts it again
    note('unstarted', String((error as Error).message));
    process.exit(1);
  }
note('started');
// a process that had no time for its own timers for long is as good as suspended
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - last > 2_000) note('stalled', Math.round(now - last));
  last = now;
}, 250);
