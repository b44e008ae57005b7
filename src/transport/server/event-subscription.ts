import type { MessageHandler } from '@nestjs/microservices';
import type { ConsumerSettings } from './consumer-settings.js';

/** A handler of `@EventPattern`, and how its events are consumed. */
export interface EventSubscription extends HandlerIdentity {
  readonly pattern: string;
  readonly handler: MessageHandler;
  readonly settings: ConsumerSettings;
  /** The durable name that the handler's own options give it. */
  readonly ownName: string | undefined;
  /** The service that the handler's durable consumer belongs to; undefined where it has no name. */
  readonly owner: string | undefined;
  /**
   * Place among the handlers of the same pattern, in the order of registration. Earlier versions named
   * durable consumers after it.
   */
  readonly place: number;
  /** The other handlers of the same pattern that have a durable consumer without a name of their own. */
  readonly siblings: readonly HandlerIdentity[];
}

/** What tells a handler from others of the same pattern. It does not change when modules change places. */
export interface HandlerIdentity {
  /** The name that its decorator gives it: `@EventPattern('order.created', { name: 'mail' })`. */
  readonly name: string | undefined;
  /** Its class and method; undefined where Nest does not tell. */
  readonly method: string | undefined;
}

/** The name, or else class and method; undefined where there is neither. */
export function labelOf({ name, method }: HandlerIdentity): string | undefined {
  return name ?? method;
}
