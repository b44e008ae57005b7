// What a command id costs: appends to one stream with and without one, and commands of a repository whose state is
// cached, while the stream holds few commands and many. Argument: how many are many (default 100,000).
import { loadavg } from 'node:os';
import { connectEventStore, type Decider, Event, type EventStore, repository, streamName } from 'jetsource';
import { startNatsServer } from 'jetsource/testing';
import { compare } from './compare.js';

const ROUNDS = 9;
const TIMES = 400;
const MANY = Number(process.argv[2] ?? 100_000);

@Event('Noted')
class Noted {
  constructor(readonly number: number) {}
}

const counter: Decider<object, Noted, number> = {
  initialState: 0,
  decide: (_, count) => new Noted(count),
  evolve: (count) => count + 1,
};

await using server = await startNatsServer({ ownProcess: true });
const store = await open();
const notes = repository(store, counter, { category: 'note' });
let last = 0;

async function open(): Promise<EventStore> {
  return connectEventStore({ servers: server.url, name: 'commands', events: [Noted] });
}

function commandId(): string {
  return `command-${last++}`;
}

async function times(count: number, once: () => Promise<unknown>): Promise<number> {
  for (let time = 0; time < count; time += 1) await once();
  return count;
}

/** A stream that holds so many commands. */
async function streamOf(commands: number): Promise<string> {
  const id = `of-${commands}-${last++}`;
  const startedAt = performance.now();
  // one after the other by themselves: the store queues appends to one stream
  for (let stored = 0; stored < commands; stored += 1_000)
    await Promise.all(
      Array.from({ length: Math.min(1_000, commands - stored) }, async () =>
        store.append(streamName('note', id), [new Noted(1)], { commandId: commandId() }),
      ),
    );
  console.log(`${commands} commands stored in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  return id;
}

for (const commands of [10, MANY]) {
  const id = await streamOf(commands);
  const stream = streamName('note', id);
  // another process: it reads the stream once, at its first command
  const other = await open();
  const theirs = repository(other, counter, { category: 'note' });
  for (const [name, writer, commandsOf] of [
    ['the process that has stored them', store, notes],
    ['another process', other, theirs],
  ] as const) {
    await compare(`a stream of ${commands} commands, ${name}`, ROUNDS, [
      { name: 'append', run: async () => times(TIMES, async () => writer.append(stream, [new Noted(1)])) },
      {
        name: 'append with a command id',
        run: async () =>
          times(TIMES, async () => writer.append(stream, [new Noted(1)], { commandId: commandId() })),
      },
      { name: 'handle', run: async () => times(TIMES, async () => commandsOf.handle(id, {})) },
      {
        name: 'handle with a command id',
        run: async () => times(TIMES, async () => commandsOf.handle(id, {}, { commandId: commandId() })),
      },
    ]);
  }
  await other.close();
}
console.log(`load ${loadavg()[0]?.toFixed(1)}`);
await store.close();
