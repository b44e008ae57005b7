import type { Msg } from '@nats-io/transport-node';
import type { ConsumerLost } from './consumer-lost.js';

/** Who gets what a source brings. */
export interface MessageListener {
  onMessage(msg: Msg): void;
  /** Once, when nothing more can come. */
  onLost(lost: ConsumerLost): void;
}

/** Where the messages of a consumer come from. */
export interface MessageSource {
  /** Messages that were asked for and have not come yet. */
  readonly awaited: number;
  /** Asks for that many more. @param expiresMs The longest that they are waited for, in milliseconds. */
  pull(messages: number, expiresMs?: number): void;
  /** Stops listening; messages under way are dropped. */
  close(): void;
  /** Stops listening when what is on its way has come. */
  drain(): Promise<void>;
}
