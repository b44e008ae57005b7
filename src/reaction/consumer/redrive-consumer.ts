import { redriveSubject } from '../../jetstream/dead-letters/dead-letter-stream.js';
import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';

/** The server removes a consumer that nothing was redriven to for this long; it is created again. */
const INACTIVE_NS = 300_000 * 1_000_000;

/** The consumer, on the dead-letter stream, of what is redriven to the handler that has this consumer. */
export function redriveConsumer(
  { name, ack_wait, metadata }: NamedConsumerConfig,
  deadLetterStream: string,
): NamedConsumerConfig {
  return {
    name,
    durable_name: name,
    filter_subject: redriveSubject(deadLetterStream, name),
    description: `what is redriven to ${name}`,
    ack_policy: 'explicit',
    deliver_policy: 'all',
    max_deliver: -1,
    inactive_threshold: INACTIVE_NS,
    ...(ack_wait !== undefined && { ack_wait }),
    ...(metadata !== undefined && { metadata }),
  } as NamedConsumerConfig;
}
