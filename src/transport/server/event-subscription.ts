import type { MessageHandler } from '@nestjs/microservices';
import type { ConsumerSettings } from './consumer-settings.js';

/** A handler of `@EventPattern`, and how its events are consumed. */
export interface EventSubscription {
  readonly pattern: string;
  readonly handler: MessageHandler;
  /** Place among the handlers of the same pattern. */
  readonly index: number;
  readonly settings: ConsumerSettings;
  /** The durable name that the handler's own options give it. */
  readonly ownName: string | undefined;
}
