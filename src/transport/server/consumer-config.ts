import type { ConsumerConfig } from '@nats-io/jetstream';
import { v4 as randomUuid } from 'uuid';
import { findConsumer } from '../../jetstream/consume/ensure-consumer.js';
import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';
import { Deadline } from '../../kernel/deadline.js';
import { deliverSubject, type PushSettings } from '../legacy/push-consumer.js';
import { consumerName, type ConsumerNameScope } from './consumer-name.js';
import type { EventSubscription } from './event-subscription.js';

const LOOKUP_TIMEOUT_MS = 10_000;

/** Where a consumer is created, and what of the JetStream stream it delivers. */
export interface ConsumerScope extends ConsumerNameScope {
  readonly filter: string;
}

/** The configuration of a handler's consumer. */
export async function consumerConfig(
  scope: ConsumerScope,
  subscription: EventSubscription,
): Promise<NamedConsumerConfig> {
  const { settings } = subscription;
  const shared = { ...settings.config, filter_subject: scope.filter };
  return settings.durable === false
    ? { ...shared, ...broadcastConfig(scope, subscription) }
    : { ...shared, ...(await durableConfig(scope, subscription)) };
}

function broadcastConfig(
  { connection: { inboxPrefix } }: ConsumerScope,
  { settings: { push } }: EventSubscription,
): NamedConsumerConfig {
  const target = { inboxPrefix, suffix: randomUuid() };
  return { name: randomUuid(), ...(push !== undefined && deliverSubject(push, target)) };
}

async function durableConfig(
  scope: ConsumerScope,
  subscription: EventSubscription,
): Promise<NamedConsumerConfig> {
  const { settings, pattern } = subscription;
  const name = await consumerName(scope, subscription);
  return {
    name,
    durable_name: name,
    description: settings.config.description ?? pattern,
    ...(settings.push !== undefined && !settings.bind && (await pushConfig(scope, name, settings.push))),
  };
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
