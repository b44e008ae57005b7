// Uses an event store, a decider and a projection without any optional peer.
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { connectEventStore, type Decider, Event, repository, streamName } from 'jetsource';
import { nodePostgres, postgresProjectionStore } from 'jetsource/postgres';
import { inMemoryEventStore, specification, startNatsServer } from 'jetsource/testing';

for (const peer of ['@nestjs', 'rxjs', '@electric-sql', 'pg', 'testcontainers', '@opentelemetry'])
  assert.equal(existsSync(`node_modules/${peer}`), false, `${peer} is installed`);

@Event('Counted')
class Counted {
  constructor(readonly number: number) {}
}

const counter: Decider<number, Counted, { readonly sum: number }> = {
  initialState: { sum: 0 },
  decide: (number) => new Counted(number),
  evolve: ({ sum }, { number }) => ({ sum: sum + number }),
};
await specification(counter)
  .given([new Counted(1)])
  .when(2)
  .thenEvents([new Counted(2)]);

const server = await startNatsServer({ ownProcess: true });
const store = await connectEventStore({ servers: server.url, name: 'shop', events: [Counted] });
for (const each of [store, inMemoryEventStore({ name: 'shop', events: [Counted] })]) {
  await repository(each, counter, { category: 'counter' }).handle('1', 5);
  const numbers: unknown[] = [];
  for await (const { data } of each.read(streamName('counter', '1'))) numbers.push(data);
  assert.deepEqual(numbers, [new Counted(5)]);
  await each.close();
}
await server.stop();
const models = postgresProjectionStore(nodePostgres('postgres://localhost/none'));
const notInstalled = { code: 'driver-not-installed' };
await assert.rejects(
  models.transact(undefined, async () => undefined),
  notInstalled,
);
// in variables: their types need those of Nest
const needNest: string[] = ['jetsource/transport', 'jetsource/nestjs', 'jetsource/cqrs'];
for (const entry of needNest) await assert.rejects(import(entry), /Cannot find package '@nestjs/);
console.log('the package works without its optional peers');
