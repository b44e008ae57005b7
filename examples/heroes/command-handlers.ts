import { CommandHandler, EventPublisher, type ICommandHandler } from '@nestjs/cqrs';
import { DurableEventPublisher } from 'jetsource/cqrs';
import { DropAncientItem, KillDragon } from './commands.js';
import { HeroRepository } from './hero-repository.js';

@CommandHandler(KillDragon)
export class KillDragonHandler implements ICommandHandler<KillDragon> {
  constructor(
    private readonly repository: HeroRepository,
    private readonly publisher: DurableEventPublisher,
  ) {}

  async execute({ heroId, dragonId }: KillDragon): Promise<void> {
    const hero = this.publisher.mergeObjectContext(await this.repository.findOneById(heroId));
    hero.killEnemy(dragonId);
    // resolves when the event is stored
    await hero.commit();
  }
}

@CommandHandler(DropAncientItem)
export class DropAncientItemHandler implements ICommandHandler<DropAncientItem> {
  constructor(
    private readonly repository: HeroRepository,
    private readonly publisher: EventPublisher,
  ) {}

  async execute({ heroId, itemId }: DropAncientItem): Promise<void> {
    const hero = this.publisher.mergeObjectContext(await this.repository.findOneById(heroId));
    hero.addItem(itemId);
    // nothing is lost without await either
    hero.commit();
  }
}
