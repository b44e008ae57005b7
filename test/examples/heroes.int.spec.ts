import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { EventStore } from 'jetsource';
import { AppModule } from '../../examples/heroes/app.module.js';
import { Chronicle } from '../../examples/heroes/chronicle.js';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { collect, until } from '../support/collect.js';

const games: INestApplication[] = [];
afterEach(async () => {
  await Promise.all(games.splice(0).map(async (game) => game.close()));
});

async function startGame(name: string): Promise<INestApplication> {
  const module = await Test.createTestingModule({
    imports: [AppModule.on(sharedServerUrl(), name)],
  }).compile();
  const game = module.createNestApplication({ logger: false });
  games.push(game);
  await game.listen(0, '127.0.0.1');
  return game;
}

async function kill(game: INestApplication, dragonId: string): Promise<number> {
  const { status } = await fetch(`${await game.getUrl()}/heroes/anna/kill`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dragonId }),
  });
  return status;
}

const linesOf = (game: INestApplication): readonly string[] => game.get(Chronicle, { strict: false }).lines;

describe('the heroes game, written for @nestjs/cqrs', () => {
  it('handles a command, its event, the command of a saga and the event of that', async () => {
    const game = await startGame(uniqueStoreName());
    expect(await kill(game, 'smok')).toBe(201);
    await until('both events are handled', () => linesOf(game).length >= 2);
    expect(linesOf(game)).toEqual(['anna killed smok', 'anna found scale of smok']);

    const events = await collect(game.get(EventStore).read('hero/anna', { consistency: 'leader' }));
    expect(events.map(({ type }) => type)).toEqual(['HeroKilledDragon', 'HeroFoundItem']);
    const [killed, found] = events.map(({ metadata }) => metadata.correlationId);
    expect(found).toBe(killed);
    const heroes = (await (await fetch(`${await game.getUrl()}/heroes`)).json()) as { id: string }[];
    expect(heroes.map(({ id }) => id)).toEqual(['anna', 'ben']);
  });

  it('goes on after a restart, and tells nothing twice', async () => {
    const name = uniqueStoreName();
    const first = await startGame(name);
    await kill(first, 'smok');
    await until('both events are handled', () => linesOf(first).length >= 2);
    await first.close();
    const second = await startGame(name);
    await kill(second, 'wyrm');
    await until('the next events are handled', () => linesOf(second).length >= 2);
    expect(linesOf(second)).toEqual(['anna killed wyrm', 'anna found scale of wyrm']);
  });

  it('has one chronicler for each event among two instances', async () => {
    const name = uniqueStoreName();
    const both = [await startGame(name), await startGame(name)] as const;
    const dragons = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const [index, dragon] of dragons.entries()) await kill(both[index % 2 === 0 ? 0 : 1], dragon);
    const lines = (): string[] => both.flatMap(linesOf).toSorted();
    await until('all events are handled', () => lines().length >= 2 * dragons.length);
    expect(lines()).toEqual([
      ...dragons.map((dragon) => `anna found scale of ${dragon}`),
      ...dragons.map((dragon) => `anna killed ${dragon}`),
    ]);
  });
});
