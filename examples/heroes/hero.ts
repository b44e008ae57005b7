import { AggregateRoot } from '@nestjs/cqrs';
import { EventSourced } from 'jetsource';
import { HeroFoundItem, HeroKilledDragon } from './events.js';

/** Its events are stored in a stream of its own; without `@EventSourced` they would be stored one by one. */
@EventSourced('hero')
export class Hero extends AggregateRoot {
  constructor(readonly id: string) {
    super();
  }

  killEnemy(dragonId: string): void {
    this.apply(new HeroKilledDragon(this.id, dragonId));
  }

  addItem(itemId: string): void {
    this.apply(new HeroFoundItem(this.id, itemId));
  }
}
