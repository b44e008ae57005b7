import type { MessageHandler } from '@nestjs/microservices';
import { assetName } from '../../jetstream/names/asset-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { NatsConsumerOptions } from './consumer-options.js';
import { type ConsumerSettings, resolveConsumerOptions } from './consumer-settings.js';

/** A handler of `@EventPattern`, and how its events are consumed. */
export interface EventListener {
  readonly pattern: string;
  readonly handler: MessageHandler;
  /** Place among the handlers of the same pattern. */
  readonly index: number;
  readonly settings: ConsumerSettings;
  /** Name that the handler itself asks its durable to have. */
  readonly ownName: string | undefined;
}

/** The handlers that an application has registered, each for itself: Nest would link those of one pattern, and run all again when one fails. */
export class EventListeners {
  readonly #handlers: { readonly pattern: string; readonly handler: MessageHandler }[] = [];

  add(pattern: string, handler: MessageHandler): void {
    this.#handlers.push({ pattern, handler });
  }

  /**
   * The listeners, with their options over those of the server.
   *
   * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together.
   */
  resolve(ofServer: NatsConsumerOptions): EventListener[] {
    const seen = new Map<string, number>();
    const listeners = this.#handlers.map(({ pattern, handler }) => {
      const index = seen.get(pattern) ?? 0;
      seen.set(pattern, index + 1);
      const own = (handler.extras?.['consumer'] ?? {}) as NatsConsumerOptions;
      const settings = resolveConsumerOptions(ofServer, own);
      const ownName =
        typeof own.durable === 'string' ? assetName('consumer.durable', own.durable) : undefined;
      return { pattern, handler, index, settings, ownName };
    });
    refuseShared(ofServer, listeners);
    return listeners;
  }
}

/** What names one thing on the server cannot hold for several handlers: each would get the others' events. */
function refuseShared({ deliverToSubject }: NatsConsumerOptions, listeners: readonly EventListener[]): void {
  const sharing = listeners.filter(({ settings }) => settings.push?.subject === deliverToSubject);
  if (deliverToSubject === undefined || sharing.length < 2) return;
  throw new InvalidOptionError({
    option: 'consumerOptions.deliverToSubject',
    given: deliverToSubject,
    allowed: `absent for several handlers (${sharing.map(({ pattern }) => pattern).join(', ')}): give it to one of them`,
  });
}
