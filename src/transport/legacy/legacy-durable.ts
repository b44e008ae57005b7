import type { ConsumerInfo } from '@nats-io/jetstream';
import { identityOf } from '../../jetstream/consume/consumer-identity.js';

/** Which durable of the older transport is meant. */
export interface LegacyDurable {
  readonly service: string;
  readonly pattern: string;
}

/**
 * The name that @nestjs-plugins/nestjs-nats-jetstream-transport gave a durable consumer. It is the same for
 * some different patterns.
 */
export function legacyDurableName({ service, pattern }: LegacyDurable): string {
  return `${service}-${pattern.replaceAll('.', '_').replaceAll('*', '_ALL').replaceAll('>', '_ALL')}`;
}

/**
 * Whether a durable is as the older transport left it: jetsource describes each by its pattern. There, all
 * handlers of a pattern were called for each event of one durable.
 */
export function isLegacyDurable({ config }: ConsumerInfo): boolean {
  return identityOf(config) === undefined && (config.description ?? '') === '';
}
