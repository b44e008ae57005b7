import type { Msg } from '@nats-io/transport-node';
import { abortable } from '../../kernel/abortable.js';
import { Deadline } from '../../kernel/deadline.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { unexpectedFault } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { ConsumerLost } from './consumer-lost.js';
import type { HeldMessages } from './held-messages.js';
import { hurryPending } from './hurried-consumer.js';
import type { MessageSource } from './message-source.js';
import { openMessageSource } from './open-message-source.js';
import type { RecoverableConsumer } from './recoverable-consumer.js';

const TIMEOUT_MS = 10_000;
const RESTORE_TIMEOUT_MS = 5_000;
const DRAIN_MS = 1_000;
/** It is looked this often whether all has come, in milliseconds. */
const LOOK_MS = 100;
const RECLAIMING = 'reading what is pending';
const GONE = { code: 404, description: 'the consumer is gone' };

/** What a reclaim needs. */
export interface ReclaimParts {
  readonly connection: JetStreamConnection;
  readonly consumer: RecoverableConsumer;
  /** What is here already. */
  readonly held: HeldMessages;
  readonly heartbeatMs: number;
  /** Told the number of the last delivery before. */
  readonly onBegin: (last: number) => void;
  readonly onMessage: (msg: Msg) => void;
  readonly pull: (source: MessageSource, messages: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Gets what is pending and not here, and nothing newer. Resolves when all of it is here, or the signal aborts.
 *
 * @throws {@link NatsError} when the consumer is lost, or the server does not answer.
 */
export async function reclaimPending(parts: ReclaimParts): Promise<void> {
  const { connection, consumer, held, onBegin, signal } = parts;
  const found = await consumer.peek(new Deadline(TIMEOUT_MS, signal));
  if (found === undefined) throw unexpectedFault(RECLAIMING, GONE);
  onBegin(found.delivered.consumer_seq);
  if (found.num_ack_pending <= held.pendingOf(found)) return;
  try {
    await hurryPending(connection, found, new Deadline(TIMEOUT_MS, signal));
    await untilAllHeld(parts);
  } finally {
    // also where that has failed, or was stopped: nothing new would come
    await consumer.open(new Deadline(RESTORE_TIMEOUT_MS));
  }
}

async function untilAllHeld(parts: ReclaimParts): Promise<void> {
  const { connection, consumer, held, heartbeatMs, onMessage, pull, signal } = parts;
  const come = new Wakeup();
  let lost: ConsumerLost | undefined;
  let missing = 1;
  const listener = {
    onMessage: (msg: Msg): void => {
      onMessage(msg);
      missing -= 1;
      if (missing === 0) come.wake();
    },
    onPullEnd: () => undefined,
    onLost: (reason: ConsumerLost): void => {
      lost = reason;
      come.wake();
    },
  };
  const source = openMessageSource(connection, { consumer, heartbeatMs }, listener);
  try {
    while (!signal.aborted) {
      const found = await consumer.peek(new Deadline(TIMEOUT_MS, signal));
      if (found === undefined) throw unexpectedFault(RECLAIMING, GONE);
      missing = found.num_ack_pending - held.pendingOf(found);
      if (missing <= 0) return;
      if (source.awaited < missing) pull(source, missing - source.awaited);
      if (lost === undefined) await come.wait({ timeoutMs: LOOK_MS, signal });
      if (lost !== undefined)
        throw unexpectedFault(RECLAIMING, lost.fault ?? { code: 503, description: lost.reason });
    }
  } finally {
    await abortable(source.drain(), [AbortSignal.timeout(DRAIN_MS)]).catch(() => undefined);
    source.close();
  }
}
