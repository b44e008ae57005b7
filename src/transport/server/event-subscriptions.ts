import type { MessageHandler } from '@nestjs/microservices';
import { assetName } from '../../jetstream/names/asset-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { NatsConsumerOptions } from '../consumer-options.js';
import { resolveConsumerOptions } from './consumer-settings.js';
import type { EventSubscription } from './event-subscription.js';

/**
 * The event handlers that an application has registered. Those of one pattern stay separate: Nest would chain
 * them, and call all of them again when one fails.
 */
export class EventSubscriptions {
  readonly #handlers: { readonly pattern: string; readonly handler: MessageHandler }[] = [];

  add(pattern: string, handler: MessageHandler): void {
    this.#handlers.push({ pattern, handler });
  }

  /**
   * The subscriptions. Options of a handler take precedence over those of the server.
   *
   * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together.
   */
  resolve(ofServer: NatsConsumerOptions): EventSubscription[] {
    const seen = new Map<string, number>();
    const subscriptions = this.#handlers.map(({ pattern, handler }) => {
      const index = seen.get(pattern) ?? 0;
      seen.set(pattern, index + 1);
      const own = (handler.extras?.['consumer'] ?? {}) as NatsConsumerOptions;
      const settings = resolveConsumerOptions(ofServer, own);
      const ownName =
        typeof own.durable === 'string' ? assetName('consumer.durable', own.durable) : undefined;
      return { pattern, handler, index, settings, ownName };
    });
    refuseSharedSubject(ofServer, subscriptions);
    return subscriptions;
  }
}

/** Handlers that share one subject of delivery would get each other's events. */
function refuseSharedSubject(
  { deliverToSubject }: NatsConsumerOptions,
  subscriptions: readonly EventSubscription[],
): void {
  const sharing = subscriptions.filter(({ settings }) => settings.push?.subject === deliverToSubject);
  if (deliverToSubject === undefined || sharing.length < 2) return;
  throw new InvalidOptionError({
    option: 'consumerOptions.deliverToSubject',
    given: deliverToSubject,
    allowed: `absent for several handlers (${sharing.map(({ pattern }) => pattern).join(', ')}): give it to one of them`,
  });
}
