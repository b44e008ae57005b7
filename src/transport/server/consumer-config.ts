import type { ConsumerConfig } from '@nats-io/jetstream';
import { v4 as randomUuid } from 'uuid';
import { identityMetadata } from '../../jetstream/consume/consumer-identity.js';
import { findConsumer } from '../../jetstream/consume/ensure-consumer.js';
import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { Deadline } from '../../kernel/deadline.js';
import { deliverSubject, type PushSettings } from '../legacy/push-consumer.js';
import type { NamedDurable } from './consumer-name.js';
import { type EventSubscription, labelOf } from './event-subscription.js';

const LOOKUP_TIMEOUT_MS = 10_000;

/** Where a consumer is created, and what of the JetStream stream it delivers. */
export interface ConsumerScope {
  readonly connection: JetStreamConnection;
  /** The JetStream stream of the consumer. */
  readonly stream: string;
  readonly filter: string;
  /** The durable consumer; undefined for a broadcast. */
  readonly durable: NamedDurable | undefined;
}

/** The configuration of a handler's consumer. */
export async function consumerConfig(
  scope: ConsumerScope,
  subscription: EventSubscription,
): Promise<NamedConsumerConfig> {
  const { settings, owner: service, pattern, method } = subscription;
  const metadata = identityMetadata({ service, pattern, handler: labelOf(subscription), method });
  const shared = { ...settings.config, filter_subject: scope.filter, metadata };
  return scope.durable === undefined
    ? { ...shared, ...broadcastConfig(scope.connection, subscription) }
    : { ...shared, ...(await durableConfig(scope, scope.durable, subscription)) };
}

function broadcastConfig(
  { inboxPrefix }: JetStreamConnection,
  { settings: { push } }: EventSubscription,
): NamedConsumerConfig {
  const target = { inboxPrefix, suffix: randomUuid() };
  return { name: randomUuid(), ...(push !== undefined && deliverSubject(push, target)) };
}

async function durableConfig(
  scope: ConsumerScope,
  { name, startSequence }: NamedDurable,
  { settings, pattern }: EventSubscription,
): Promise<NamedConsumerConfig> {
  return {
    name,
    durable_name: name,
    description: settings.config.description ?? pattern,
    ...(startSequence !== undefined && startAt(startSequence)),
    ...(settings.push !== undefined && !settings.bind && (await pushConfig(scope, name, settings.push))),
  };
}

function startAt(sequence: number): Partial<ConsumerConfig> {
  // a start by time would be another one
  const start: Record<string, unknown> = {
    deliver_policy: 'by_start_sequence',
    opt_start_seq: sequence,
    opt_start_time: undefined,
  };
  return start;
}

async function pushConfig(
  { connection, stream }: ConsumerScope,
  name: string,
  push: PushSettings,
): Promise<Partial<ConsumerConfig>> {
  const existing = await findConsumer(
    connection,
    { stream, consumer: name },
    new Deadline(LOOKUP_TIMEOUT_MS),
  );
  const { inboxPrefix } = connection;
  const target = { inboxPrefix, suffix: `${stream}.${name}`, existing: existing?.config };
  return {
    ...deliverSubject(push, target),
    deliver_group: push.group ?? existing?.config.deliver_group ?? name,
  };
}
