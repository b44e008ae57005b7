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
}

/** The status of a handler's consumer in the words of the transport. */
export function toEventConsumerStatus({
  handler,
  log,
  consumer,
  state,
  problem,
}: HandlerConsumerStatus): EventConsumerStatus {
  return { pattern: handler, stream: log, consumer, state, problem };
}
