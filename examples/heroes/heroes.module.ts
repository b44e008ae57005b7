import { Module } from '@nestjs/common';
import { Chronicle } from './chronicle.js';
import { DropAncientItemHandler, KillDragonHandler } from './command-handlers.js';
import { HeroFoundItemHandler, HeroKilledDragonHandler } from './event-handlers.js';
import { GetHeroesHandler } from './get-heroes.js';
import { HeroRepository } from './hero-repository.js';
import { HeroesController } from './heroes.controller.js';
import { HeroesSagas } from './heroes.sagas.js';

/** The game, as it was written for `CqrsModule`. */
@Module({
  controllers: [HeroesController],
  providers: [
    Chronicle,
    HeroRepository,
    HeroesSagas,
    KillDragonHandler,
    DropAncientItemHandler,
    HeroKilledDragonHandler,
    HeroFoundItemHandler,
    GetHeroesHandler,
  ],
})
export class HeroesModule {}
