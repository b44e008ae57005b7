import { Backoff } from '../../kernel/backoff.js';
import { sleep } from '../../kernel/sleep.js';
import type { ReplayBatch } from '../../log/message-log.js';
import { NatsError } from '../connection/connection-errors.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { ReplicaStream } from '../streams/replica-stream.js';
import { StoreNotFoundError } from '../streams/stream-errors.js';
import { replay, type StreamReplayOptions } from './replay-loop.js';

/**
 * Messages of a mirror in place of its origin. Before the first message, and after each interruption, the
 * mirror is compared with the origin: what is read on may be another stream under its name.
 *
 * @throws {@link UnusableReplicaError} when the mirror is gone, or does not hold what the replay asks for.
 */
export async function* replayReplica(
  connection: JetStreamConnection,
  replica: ReplicaStream,
  options: StreamReplayOptions,
): AsyncGenerator<ReplayBatch, void, void> {
  let interrupted = false;
  const onRecovery = (reason: string): void => {
    interrupted = true;
    options.onRecovery?.(reason);
  };
  if (!(await confirm(replica, options))) return;
  try {
    for await (const batch of replay(connection, replica.name, {
      ...options,
      api: replica.api,
      onRecovery,
    })) {
      if (interrupted && !(await confirm(replica, options))) return;
      interrupted = false;
      yield batch;
    }
  } catch (error) {
    if (error instanceof StoreNotFoundError) throw replica.unusable('it was deleted', error);
    throw error;
  }
}

/**
 * Waits for a server that does not answer, as the replay does.
 *
 * @returns false when the caller gave up before.
 */
async function confirm(replica: ReplicaStream, options: StreamReplayOptions): Promise<boolean> {
  const backoff = new Backoff(20, 1_000);
  const { live, signal } = options;
  const hasGivenUp = (): boolean => signal?.aborted === true;
  while (!hasGivenUp()) {
    try {
      await replica.confirm(options, signal);
      return true;
    } catch (error) {
      if (hasGivenUp()) return false;
      if (!live || !(error instanceof NatsError)) throw error;
      options.onRecovery?.(error.message);
      await sleep(backoff.next(), signal).catch(() => undefined);
    }
  }
  return false;
}
