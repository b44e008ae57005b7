import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { type EventSubscription, labelOf } from './event-subscription.js';

/** Handlers that have one durable consumer would each get a part of the events, or those of another pattern. */
export function refuseSharedDurables(subscriptions: readonly EventSubscription[]): void {
  const named = new Map<string, EventSubscription>();
  for (const subscription of subscriptions) {
    const { ownName } = subscription;
    if (ownName === undefined) continue;
    const other = named.get(ownName);
    if (other !== undefined) throw sharedDurable(ownName, [other, subscription]);
    named.set(ownName, subscription);
  }
}

/** Two handlers were given one durable consumer. */
export function sharedDurable(
  durable: string,
  handlers: readonly Pick<EventSubscription, 'pattern' | 'name' | 'method'>[],
): InvalidOptionError {
  return new InvalidOptionError({
    option: 'consumer.durable',
    given: durable,
    allowed: `the name of one handler's consumer; ${handlers.map(describe).join(' and ')} have the same. At a handler it is the whole name, to which no pattern is added`,
  });
}

/**
 * Handlers of one pattern need a durable consumer each, which is found again by what tells them apart. The
 * order in which they are registered does not: it changes with the order of modules.
 */
export function refuseSharedIdentities(subscriptions: readonly EventSubscription[]): void {
  for (const subscription of subscriptions) {
    const same = subscription.siblings.find((sibling) => labelOf(sibling) === labelOf(subscription));
    if (same === undefined) continue;
    const { pattern } = subscription;
    const label = labelOf(subscription);
    const who = label === undefined ? 'several handlers without one' : `several handlers ${label}`;
    throw new InvalidOptionError({
      option: 'name',
      given: subscription.name,
      allowed:
        `different for the handlers of one pattern, and ${pattern} has ${who}. Each has a durable consumer, which is ` +
        `found again by that name: write @EventPattern('${pattern}', { name: 'mail' }), with a name for each. ` +
        `If it is one controller, list it in one module`,
    });
  }
}

function describe({ pattern, name, method }: Pick<EventSubscription, 'pattern' | 'name' | 'method'>): string {
  const label = labelOf({ name, method });
  return label === undefined ? `the handler of ${pattern}` : `${label} (${pattern})`;
}
