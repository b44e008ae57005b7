import type { Msg } from '@nats-io/transport-node';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { ConsumerLost } from './consumer-lost.js';
import type { MessageSource } from './message-source.js';
import { PullSubscription } from './pull-subscription.js';
import { PushMessages } from './push-messages.js';
import type { RecoverableConsumer } from './recoverable-consumer.js';

const PULL_EXPIRES_MS = 30_000;
const PULL_BYTES = 8 * 1024 * 1024;
const NS_PER_MS = 1_000_000;

/** A consumer that is to be read. */
export interface SourceOptions {
  readonly consumer: RecoverableConsumer;
  /** How often the server says that a pull is alive, in milliseconds. */
  readonly heartbeatMs: number;
  /** The same for a consumer that has been idle for 30 s, in milliseconds. @default `heartbeatMs` */
  readonly idleHeartbeatMs?: number | undefined;
}

/** Who gets what a source brings. */
export interface SourceListener {
  readonly onMessage: (msg: Msg) => void;
  /** More may be asked for. */
  readonly onPullEnd: () => void;
  readonly onLost: (lost: ConsumerLost) => void;
}

/** Begins to read a consumer, which is pulled from unless its settings say that it pushes. */
export function openMessageSource(
  connection: JetStreamConnection,
  { consumer, heartbeatMs, idleHeartbeatMs }: SourceOptions,
  { onMessage, onPullEnd, onLost }: SourceListener,
): MessageSource {
  const { deliver_subject: subject = '', deliver_group: group, idle_heartbeat: heartbeat } = consumer.config;
  if (subject !== '') {
    const isShared = group !== undefined && group !== '';
    const options = {
      subject,
      group: isShared ? group : undefined,
      // of a group one hears the heartbeats, and the silence of the others means nothing
      heartbeatMs: heartbeat && !isShared ? heartbeat / NS_PER_MS : undefined,
    };
    return new PushMessages(connection, options, { onMessage, onLost });
  }
  const pulls = {
    consumer: consumer.ref,
    expiresMs: PULL_EXPIRES_MS,
    heartbeatMs,
    idleHeartbeatMs,
    maxBytes: PULL_BYTES,
  };
  return new PullSubscription(connection, pulls, { onMessage, onPullEnd, onLost });
}
