import type { MessageHandler } from '@nestjs/microservices';
import { assetName } from '../../jetstream/names/asset-name.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { NatsConsumerOptions } from '../consumer-options.js';
import { resolveConsumerOptions } from './consumer-settings.js';
import type { EventSubscription } from './event-subscription.js';
import { refuseSharedDurables, refuseSharedIdentities } from './handler-conflicts.js';

/** A handler as Nest has given it. */
interface RegisteredHandler {
  readonly pattern: string;
  readonly handler: MessageHandler;
  /** Its class and method; undefined where Nest does not tell. */
  readonly method: string | undefined;
}

/** What holds for all handlers of a server. */
interface ServerScope {
  /** The server's options for consumers. */
  readonly options: NatsConsumerOptions;
  /** The service's name; undefined where it has none. */
  readonly service: string | undefined;
}

type Subscription = Omit<EventSubscription, 'siblings'>;

/**
 * The event handlers that an application has registered. Those of one pattern stay separate: Nest would chain
 * them, and call all of them again when one fails.
 */
export class EventSubscriptions {
  readonly #handlers: RegisteredHandler[] = [];

  add(handler: RegisteredHandler): void {
    this.#handlers.push(handler);
  }

  /**
   * The subscriptions. Options of a handler take precedence over those of the server.
   *
   * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together,
   *   or handlers that share a durable consumer or cannot be told apart.
   */
  resolve(scope: ServerScope): EventSubscription[] {
    const seen = new Map<string, number>();
    const found = this.#handlers.map((registered): Subscription => {
      const place = seen.get(registered.pattern) ?? 0;
      seen.set(registered.pattern, place + 1);
      return subscriptionOf(registered, scope, place);
    });
    const subscriptions = found.map((subscription) => ({
      ...subscription,
      siblings: found.filter((other) => other !== subscription && areSiblings(other, subscription)),
    }));
    refuseSharedSubject(scope.options, subscriptions);
    refuseSharedDurables(subscriptions);
    refuseSharedIdentities(subscriptions);
    return subscriptions;
  }
}

function subscriptionOf(
  { pattern, handler, method }: RegisteredHandler,
  { options, service }: ServerScope,
  place: number,
): Subscription {
  const { consumer, name } = (handler.extras ?? {}) as { consumer?: NatsConsumerOptions; name?: unknown };
  const own = consumer ?? {};
  const settings = resolveConsumerOptions(options, own);
  const ownName = typeof own.durable === 'string' ? assetName('consumer.durable', own.durable) : undefined;
  const shared = typeof options.durable === 'string' ? options.durable : service;
  const owner = ownName === undefined && settings.durable === true ? service : shared;
  return { pattern, handler, method, name: nameOption(name), settings, ownName, owner, place };
}

function nameOption(given: unknown): string | undefined {
  if (given === undefined || (typeof given === 'string' && given !== '')) return given;
  throw new InvalidOptionError({ option: 'name', given, allowed: 'a text that is not empty' });
}

function areSiblings(one: Subscription, other: Subscription): boolean {
  return one.pattern === other.pattern && isNamedByPattern(one) && isNamedByPattern(other);
}

function isNamedByPattern({ settings, ownName }: Subscription): boolean {
  return settings.durable !== false && ownName === undefined;
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
