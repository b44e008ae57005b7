import type { ConsumerInfo } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode, FORBIDDEN } from '../api/api-codes.js';
import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/**
 * Settings and states of a stream's consumers; none where there is no such stream, and undefined where the
 * user may not list them.
 *
 * @throws {@link NatsError} when JetStream does not answer.
 */
export async function listConsumers(
  { api }: JetStreamConnection,
  stream: string,
  deadline: Deadline,
): Promise<readonly ConsumerInfo[] | undefined> {
  const found = new Map<string, ConsumerInfo>();
  for (let offset = 0; ;) {
    const answer = await api.consumerList(stream, offset, deadline);
    if (!answer.ok && answer.fault.code === FORBIDDEN) return undefined;
    if (!answer.ok && answer.fault.err_code === ApiCode.streamNotFound) return [];
    const { consumers, total } = expectValue(answer, `listing the consumers of stream ${stream}`);
    for (const consumer of consumers ?? []) found.set(consumer.name, consumer);
    offset += consumers?.length ?? 0;
    if (offset >= total || (consumers?.length ?? 0) === 0) return [...found.values()];
  }
}

/**
 * Whether an instance reads the consumer at this moment: it waits for messages, or messages are pushed to it.
 * One that is busy with all the messages it may hold waits for none; its messages are not acknowledged yet.
 */
export function isRead({ num_waiting: waiting, push_bound: isPushed }: ConsumerInfo): boolean {
  return waiting > 0 || isPushed === true;
}
