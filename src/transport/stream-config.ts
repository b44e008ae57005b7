import type { StreamConfig } from '@nats-io/jetstream';

/**
 * A JetStream stream that server or client create, or bring up to date, when they start: a stream's configuration as the server knows it, under
 * the server's names. Durations (`max_age`, `duplicate_window`) are in nanoseconds; what is left out keeps the value that the stream has.
 *
 * Several services may name one stream, each with the subjects that it needs: the stream captures all of them. A subject is given up when the
 * last service that asked for it asks for it no longer.
 *
 * @example
 * const streamConfig: NatsStreamConfig = { name: 'orders', subjects: ['order.*'], storage: StorageType.File };
 */
export interface NatsStreamConfig extends Partial<StreamConfig> {
  readonly name: string;
  /** What the stream captures. Left out for a mirror, and for a stream that is fed by `sources` alone. */
  subjects?: string[];
  /** Servers that hold the stream: 1, 3 or 5. The same as `num_replicas`, and not to be given together with it. */
  readonly replicas?: number;
  /** The same as `allow_rollup_hdrs`, and not to be given together with it. */
  readonly allow_rollup?: boolean;
}
