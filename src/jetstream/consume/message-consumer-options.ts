import type { NamedConsumerConfig } from '../api/jetstream-api.js';
import type { DeliveredMessage } from './delivered-message.js';
import type { SoleReader } from './sole-reader.js';

/** What a consumer is, and what is done with its messages. */
export interface MessageConsumerOptions {
  readonly stream: string;
  readonly config: NamedConsumerConfig;
  /** The consumer is managed elsewhere: it is neither created nor changed. */
  readonly bind: boolean;
  /** Messages that are handled at a time. */
  readonly concurrency: number;
  /** Messages of one key are handled one after the other, in the order they came in. */
  readonly keyOf?: ((message: DeliveredMessage) => string) | undefined;
  /**
   * How often the server sends a heartbeat to an idle pull, in milliseconds. After three without one, the
   * pull is lost.
   */
  readonly heartbeatMs: number;
  /** The same for a consumer that has been idle for 30 s, in milliseconds. @default `heartbeatMs` */
  readonly idleHeartbeatMs?: number | undefined;
  /** Messages after which no more are taken. */
  readonly maxMessages: number;
  /**
   * Must not reject. A number is the time, in milliseconds, after which the message is to be handled again
   * here: its key stays taken, its place among those that are handled at a time does not.
   */
  readonly handle: (message: DeliveredMessage) => Promise<number | undefined>;
  /** Called for each message whose handling a stop does not wait for, before it is handed back. Must not reject. */
  readonly onHandBack?: ((message: DeliveredMessage) => Promise<void>) | undefined;
  /**
   * Given by who is the only reader. What comes is then handled in the order of the sequences (of a key), also
   * after another reader has died, or messages were lost on their way. @default there may be other readers
   */
  readonly sole?: SoleReader | undefined;
  /** Creates the stream again when it is gone. @default nothing is done: it is waited for */
  readonly restoreStream?: (() => Promise<void>) | undefined;
  /** Called with the reason when the consumption is interrupted; it continues by itself. */
  readonly onProblem: (reason: string) => void;
  /** Called with what an operator should know, and what does not interrupt the consumption. */
  readonly onNotice: (text: string) => void;
}

/** How a consumer is doing; `finished` when it has taken as many messages as it may. */
export type ConsumerState = 'starting' | 'running' | 'recovering' | 'finished' | 'stopped';
