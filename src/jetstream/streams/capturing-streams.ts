import type { Deadline } from '../../kernel/deadline.js';
import { FORBIDDEN } from '../api-codes.js';
import { isFault, type JetStreamConnection, unexpectedFault } from '../connection/jetstream-connection.js';

/**
 * Names of the streams that capture some subject of a pattern, or that literal subject; undefined where the user may not ask.
 *
 * @throws {@link NatsError} when JetStream does not answer.
 */
export async function capturingStreams(
  connection: JetStreamConnection,
  pattern: string,
  deadline: Deadline,
): Promise<readonly string[] | undefined> {
  const answer = await connection.api<{ streams: string[] | null }>(
    'STREAM.NAMES',
    { subject: pattern },
    deadline,
  );
  if (!isFault(answer)) return answer.streams ?? [];
  if (answer.error.code === FORBIDDEN) return undefined;
  throw unexpectedFault(`looking for streams that capture ${pattern}`, answer.error);
}
