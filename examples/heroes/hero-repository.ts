import { Injectable } from '@nestjs/common';
import { Hero } from './hero.js';

/** The heroes of the game, kept elsewhere than in the store. */
@Injectable()
export class HeroRepository {
  readonly #heroes = ['anna', 'ben'].map((id) => new Hero(id));

  async findOneById(id: string): Promise<Hero> {
    const hero = this.#heroes.find((each) => each.id === id);
    if (hero === undefined) throw new Error(`there is no hero ${id}`);
    return hero;
  }

  async findAll(): Promise<readonly Hero[]> {
    return this.#heroes;
  }
}
