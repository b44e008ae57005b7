import type { StreamInfo } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { FORBIDDEN } from '../api/api-codes.js';
import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/** A JetStream stream of the same account that copies the messages of another one. */
export interface StreamCopy {
  /** Name of the JetStream stream that copies. */
  readonly name: string;
  /**
   * A `mirror` answers direct gets in the place of its origin; a `source` does not, and gives what it copies
   * numbers of its own.
   */
  readonly kind: 'mirror' | 'source';
}

/**
 * The streams of the account that mirror or source a stream; undefined where the user may not list streams.
 *
 * @throws {@link NatsError} when JetStream does not answer.
 */
export async function findCopies(
  { api }: JetStreamConnection,
  stream: string,
  deadline: Deadline,
): Promise<readonly StreamCopy[] | undefined> {
  const copies: StreamCopy[] = [];
  for (let offset = 0; ;) {
    const answer = await api.streamList(offset, deadline);
    if (!answer.ok && answer.fault.code === FORBIDDEN) return undefined;
    const { streams, total } = expectValue(answer, `looking for copies of stream ${stream}`);
    copies.push(...(streams ?? []).flatMap((each) => copyOf(stream, each)));
    offset += streams?.length ?? 0;
    if (offset >= total || (streams?.length ?? 0) === 0) return copies;
  }
}

/**
 * Whether a stream has mirrors that may answer its direct gets; undefined where the user may not ask.
 *
 * @param info The stream's own, just read: in a cluster it names its mirrors itself, so that nobody has to
 *   ask all leaders.
 */
export async function hasMirrors(
  connection: JetStreamConnection,
  { config: { name }, alternates, cluster }: StreamInfo,
  deadline: Deadline,
): Promise<boolean | undefined> {
  if (cluster?.leader !== undefined && cluster.name !== undefined)
    return (alternates ?? []).some((alternate) => alternate.name !== name);
  const copies = await findCopies(connection, name, deadline);
  return copies?.some(({ kind }) => kind === 'mirror');
}

function copyOf(stream: string, { config: { name, mirror, sources } }: StreamInfo): StreamCopy[] {
  // from another domain, or by an import, it is another stream's name
  const isThis = (origin: { name: string; external?: unknown; domain?: string }): boolean =>
    origin.name === stream && origin.external === undefined;
  if (mirror !== undefined && isThis(mirror)) return [{ name, kind: 'mirror' }];
  return sources?.some(isThis) === true ? [{ name, kind: 'source' }] : [];
}
