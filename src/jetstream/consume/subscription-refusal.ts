import { PermissionViolationError } from '@nats-io/transport-node';
import { mayNotPublish, mayNotSubscribe } from '../connection/reply-inbox.js';
import { ConsumerLost, forbidden } from './consumer-lost.js';

/** What messages come through, as far as a server may refuse it. */
export interface RefusableSubscription {
  readonly subject: string;
  /** Where it asks for messages; undefined where they come unasked. */
  readonly asksAt?: string;
  /** Whether anything has come yet. */
  readonly isHeard: boolean;
}

/**
 * What an error of the connection means for a subscription; undefined when it is about something else. The
 * server does not say which subscription is one too many: it is none that has brought anything.
 */
export function refusalOfSubscription(
  error: Error,
  { subject, asksAt, isHeard }: RefusableSubscription,
): ConsumerLost | undefined {
  if (error instanceof PermissionViolationError) {
    if (error.operation === 'publish' && error.subject === asksAt) return forbidden(mayNotPublish(asksAt));
    if (error.operation === 'subscription' && error.subject === subject)
      return forbidden(mayNotSubscribe(subject));
    return undefined;
  }
  if (isHeard || !/maximum subscriptions exceeded/i.test(error.message)) return undefined;
  return new ConsumerLost(`the server refuses to subscribe: ${error.message}`);
}
