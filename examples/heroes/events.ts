import { Event } from 'jetsource';

@Event('HeroKilledDragon')
export class HeroKilledDragon {
  constructor(
    readonly heroId: string,
    readonly dragonId: string,
  ) {}
}

@Event('HeroFoundItem')
export class HeroFoundItem {
  constructor(
    readonly heroId: string,
    readonly itemId: string,
  ) {}
}
