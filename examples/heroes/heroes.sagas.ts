import { Injectable } from '@nestjs/common';
import { type ICommand, type IEvent, ofType, Saga } from '@nestjs/cqrs';
import { map, type Observable } from 'rxjs';
import { DropAncientItem } from './commands.js';
import { HeroKilledDragon } from './events.js';

@Injectable()
export class HeroesSagas {
  @Saga()
  dragonKilled = (events: Observable<IEvent>): Observable<ICommand> =>
    events.pipe(
      ofType(HeroKilledDragon),
      map(({ heroId, dragonId }) => new DropAncientItem(heroId, `scale of ${dragonId}`)),
    );
}
