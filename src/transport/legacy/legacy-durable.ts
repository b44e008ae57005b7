import { findConsumer } from '../../jetstream/consume/ensure-consumer.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { Deadline } from '../../kernel/deadline.js';

const LOOKUP_TIMEOUT_MS = 10_000;

/** Which durable of the older transport is looked for. */
export interface LegacyDurable {
  /** The JetStream stream. */
  readonly stream: string;
  readonly service: string;
  readonly pattern: string;
}

/**
 * The name that @nestjs-plugins/nestjs-nats-jetstream-transport gave a durable consumer. It is the same for
 * some different patterns.
 */
export function legacyDurableName({ service, pattern }: Omit<LegacyDurable, 'stream'>): string {
  return `${service}-${pattern.replaceAll('.', '_').replaceAll('*', '_ALL').replaceAll('>', '_ALL')}`;
}

/**
 * The name of the durable that the older transport made for a pattern, so that a service that moves over
 * continues at its position; undefined when there is none.
 */
export async function findLegacyDurable(
  connection: JetStreamConnection,
  durable: LegacyDurable,
): Promise<string | undefined> {
  const name = legacyDurableName(durable);
  if (/[\s/\\.*>]/.test(name)) return undefined;
  const found = await findConsumer(
    connection,
    { stream: durable.stream, consumer: name },
    new Deadline(LOOKUP_TIMEOUT_MS),
  );
  return found?.config.filter_subject === durable.pattern ? name : undefined;
}
