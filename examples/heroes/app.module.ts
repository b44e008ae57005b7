import { type DynamicModule, Module } from '@nestjs/common';
import { JetsourceCqrsModule } from 'jetsource/cqrs';
import { HeroFoundItem, HeroKilledDragon } from './events.js';
import { HeroesModule } from './heroes.module.js';

/** What changes in the application: one import, which names the events and their handlers. */
@Module({})
export class AppModule {
  static on(servers: string, name = 'heroes'): DynamicModule {
    return {
      module: AppModule,
      imports: [
        JetsourceCqrsModule.forRoot({
          servers,
          name,
          events: [HeroKilledDragon, HeroFoundItem],
          names: {
            HeroKilledDragonHandler: 'chronicle-of-dragons',
            HeroFoundItemHandler: 'chronicle-of-items',
          },
        }),
        HeroesModule,
      ],
    };
  }
}
