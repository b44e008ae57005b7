import type { LongestCall } from '../../jetstream/consume/message-handling.js';
import type { HandlerConsumerStatus } from '../../reaction/consumer/handler-consumer.js';

/** How the consumption of one handler's events is doing. */
export interface EventConsumerStatus {
  /** The handler's pattern. */
  readonly pattern: string;
  /** The JetStream stream that is consumed. */
  readonly stream: string;
  /** Name of the consumer. */
  readonly consumer: string;
  /**
   * `starting` until the server has started to read it, `running`, `recovering` while the consumer is created
   * again, `finished` when it has taken as many events as `maxMessages` allows, `stopped` after the server has
   * stopped.
   */
  readonly state: HandlerConsumerStatus['state'];
  /** What interrupted it last; undefined while nothing has. */
  readonly problem: string | undefined;
  /**
   * The event that the handler has been working on for the longest time, and since when; undefined when it
   * works on none. A handler that does not return is found by it.
   */
  readonly longestCall: LongestCall | undefined;
  /**
   * With `orderedBy`: events that this instance holds until their next attempt, or until another one of their key
   * is done.
   */
  readonly waiting: number;
}

/** The status of a handler's consumer in the words of the transport. */
export function toEventConsumerStatus({
  handler,
  log,
  consumer,
  ...status
}: HandlerConsumerStatus): EventConsumerStatus {
  return { pattern: handler, stream: log, consumer, ...status };
}
