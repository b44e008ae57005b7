import type { Deadline } from '../../kernel/deadline.js';
import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/**
 * Names of the account's streams, sorted.
 *
 * @throws {@link NatsError} when the user may not list them, or JetStream does not answer.
 */
export async function listStreams({ api }: JetStreamConnection, deadline: Deadline): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const page = await api.streamList(names.length, deadline);
    const { streams, total } = expectValue(page, 'listing the streams');
    names.push(...(streams ?? []).map(({ config }) => config.name));
    if (names.length >= total || (streams?.length ?? 0) === 0) return names.toSorted();
  }
}
