import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { durableName } from '../../reaction/consumer/durable-name.js';
import { findLegacyDurable, legacyDurableName } from '../legacy/legacy-durable.js';
import type { EventSubscription } from './event-subscription.js';

/** Where a durable consumer is named. */
export interface ConsumerNameScope {
  readonly connection: JetStreamConnection;
  /** The service's name; undefined where it has none. */
  readonly service: string | undefined;
  /** The JetStream stream of the consumer. */
  readonly stream: string;
}

/**
 * The name of a handler's durable consumer. A durable that the older transport made is continued.
 *
 * @throws {@link InvalidOptionError} when neither the service nor the durable has a name.
 */
export async function consumerName(
  { connection, service, stream }: ConsumerNameScope,
  { settings, pattern, index, ownName }: EventSubscription,
): Promise<string> {
  if (ownName !== undefined) return ownName;
  const prefix = settings.durable === true ? service : (settings.durable as string);
  if (prefix === undefined) {
    throw new InvalidOptionError({
      option: 'connectionOptions.name',
      given: prefix,
      allowed:
        'the name of the service, for its durable consumers; or give consumerOptions.durable a name, or false',
    });
  }
  const name = durableName({ service: prefix, label: pattern, index });
  const legacy = { stream, service: prefix, pattern };
  if (index > 0 || legacyDurableName(legacy) === name) return name;
  return (await findLegacyDurable(connection, legacy)) ?? name;
}
