import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';
import { findConsumer } from '../../jetstream/consume/ensure-consumer.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { Deadline } from '../../kernel/deadline.js';
import type { ReactionLogger } from '../../reaction/reaction-logger.js';

const LOOKUP_TIMEOUT_MS = 10_000;
const NS_PER_MS = 1_000_000;

/** A consumer that is about to be created, brought up to date, or used as it is. */
export interface OpeningConsumer {
  readonly stream: string;
  readonly config: NamedConsumerConfig;
  /** Whether it is used as it is. */
  readonly bind: boolean;
}

/**
 * Warns when a durable consumer has another `ackWait` than the one asked for. Instances that run already
 * extend their claims at the pace of the old one until they notice, within some 2 s.
 */
export async function warnOfAckWait(
  connection: JetStreamConnection,
  { stream, config, bind }: OpeningConsumer,
  logger: ReactionLogger,
): Promise<void> {
  const { durable_name: consumer, ack_wait: asked } = config;
  if (consumer === undefined || asked === undefined) return;
  const existing = await findConsumer(connection, { stream, consumer }, new Deadline(LOOKUP_TIMEOUT_MS));
  const has = existing?.config.ack_wait;
  if (has === undefined || has === asked) return;
  const consequence = bind
    ? 'it is bound to, and keeps what it has'
    : 'it is changed. Instances that run notice that within 2 s: if the new one is shorter than that, events may be ' +
      'handled twice at the same time until then';
  logger.warn(
    `consumer ${consumer} of stream ${stream} has ackWait ${has / NS_PER_MS}, and ${asked / NS_PER_MS} is asked for: ${consequence}`,
  );
}
