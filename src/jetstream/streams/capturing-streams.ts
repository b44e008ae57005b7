import type { Deadline } from '../../kernel/deadline.js';
import { FORBIDDEN } from '../api/api-codes.js';
import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/**
 * Names of the streams that capture some subject of a pattern, or that literal subject; undefined where the
 * user may not ask.
 *
 * @throws {@link NatsError} when JetStream does not answer.
 */
export async function capturingStreams(
  { api }: JetStreamConnection,
  pattern: string,
  deadline: Deadline,
): Promise<readonly string[] | undefined> {
  const names = await api.streamNames(pattern, deadline);
  if (!names.ok && names.fault.code === FORBIDDEN) return undefined;
  return expectValue(names, `looking for streams that capture ${pattern}`);
}
