import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { Chronicle } from './chronicle.js';
import { HeroFoundItem, HeroKilledDragon } from './events.js';

@EventsHandler(HeroKilledDragon)
export class HeroKilledDragonHandler implements IEventHandler<HeroKilledDragon> {
  constructor(private readonly chronicle: Chronicle) {}

  handle({ heroId, dragonId }: HeroKilledDragon): void {
    this.chronicle.write(`${heroId} killed ${dragonId}`);
  }
}

@EventsHandler(HeroFoundItem)
export class HeroFoundItemHandler implements IEventHandler<HeroFoundItem> {
  constructor(private readonly chronicle: Chronicle) {}

  async handle({ heroId, itemId }: HeroFoundItem): Promise<void> {
    this.chronicle.write(`${heroId} found ${itemId}`);
  }
}
