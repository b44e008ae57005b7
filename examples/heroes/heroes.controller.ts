import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { KillDragon } from './commands.js';
import { GetHeroes } from './get-heroes.js';
import type { Hero } from './hero.js';

@Controller('heroes')
export class HeroesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post(':id/kill')
  async kill(@Param('id') id: string, @Body('dragonId') dragonId: string): Promise<void> {
    await this.commands.execute(new KillDragon(id, dragonId));
  }

  @Get()
  async list(): Promise<readonly Hero[]> {
    return this.queries.execute(new GetHeroes());
  }
}
