import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { Hero } from './hero.js';
import { HeroRepository } from './hero-repository.js';

export class GetHeroes {}

@QueryHandler(GetHeroes)
export class GetHeroesHandler implements IQueryHandler<GetHeroes> {
  constructor(private readonly repository: HeroRepository) {}

  async execute(): Promise<readonly Hero[]> {
    return this.repository.findAll();
  }
}
