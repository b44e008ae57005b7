import type { ConsumerConfig } from '@nats-io/jetstream';

/** Whose consumer it is. */
export interface ConsumerIdentity {
  readonly service: string | undefined;
  /** What the handler listens to. */
  readonly pattern: string | undefined;
  /** What tells the handler from others of its pattern; undefined where nothing does. */
  readonly handler: string | undefined;
  /** The handler's class and method, where they are known. */
  readonly method: string | undefined;
}

/** Keys of a consumer's metadata. */
const KEYS: Record<keyof ConsumerIdentity, string> = {
  service: 'jetsource.service',
  pattern: 'jetsource.pattern',
  handler: 'jetsource.handler',
  method: 'jetsource.method',
};

/** The metadata of a consumer, from which {@link identityOf} tells whose it is. */
export function identityMetadata(identity: ConsumerIdentity): Record<string, string> {
  const entries = Object.entries(KEYS).map(([part, key]) => [key, identity[part as keyof ConsumerIdentity]]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Record<string, string>;
}

/** Whose consumer it is; undefined for one that jetsource has not marked. */
export function identityOf({
  metadata = {},
}: Partial<Pick<ConsumerConfig, 'metadata'>>): ConsumerIdentity | undefined {
  const { service, pattern, handler, method } = KEYS;
  if (metadata[pattern] === undefined) return undefined;
  return {
    service: metadata[service],
    pattern: metadata[pattern],
    handler: metadata[handler],
    method: metadata[method],
  };
}
