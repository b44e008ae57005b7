import type { Msg } from '@nats-io/transport-node';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { Wakeup } from '../../kernel/wakeup.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { isNoResponders, type ReplyAddress } from '../connection/reply-inbox.js';

/** How long a round waits before it asks again for what did not come. */
const TIMEOUT_MS = 1_000;
const PAUSE_MS = 50;

/** Gets that are sent together. */
export interface GetRound {
  readonly subject: string;
  /** The body of each get. */
  readonly requests: readonly string[];
}

/**
 * Many direct gets as one: sent in a burst, answered in any order by any replica, asked again for what did
 * not come. One promise for all of them, since a promise for each would cost more than the gets.
 *
 * @returns the replies in the order of the requests.
 * @throws {@link NatsError} when the deadline passes before all have come.
 */
export async function getRound(
  connection: JetStreamConnection,
  { subject, requests }: GetRound,
  deadline: Deadline,
): Promise<Msg[]> {
  const replies = new Array<Msg | undefined>(requests.length).fill(undefined);
  while (await connection.whenConnected(deadline)) {
    await ask(connection, { subject, requests, replies }, deadline);
    if (replies.every((reply) => reply !== undefined)) return replies;
    await sleep(Math.min(PAUSE_MS, deadline.leftMs), deadline.signal);
  }
  deadline.signal?.throwIfAborted();
  const left = replies.filter((reply) => reply === undefined).length;
  const what = `${left} of ${requests.length} gets were not answered within ${deadline.totalMs} ms`;
  throw connection.unanswered(subject, what);
}

/** Sends the requests that have no reply yet; resolves when all have one, or it is time to ask again. */
async function ask(
  { nc, inbox }: JetStreamConnection,
  { subject, requests, replies }: GetRound & { readonly replies: (Msg | undefined)[] },
  { leftMs, signal }: Deadline,
): Promise<void> {
  const allAnswered = new Wakeup(inbox.timeouts);
  const addresses: ReplyAddress[] = [];
  let left = 0;
  const answered = (index: number, reply: Msg): void => {
    if (!isNoResponders(reply)) replies[index] = reply;
    left -= 1;
    if (left === 0) allAnswered.wake();
  };
  try {
    for (const [index, request] of requests.entries()) {
      if (replies[index] !== undefined) continue;
      left += 1;
      const address = inbox.open(
        (reply) => answered(index, reply),
        () => allAnswered.wake(),
      );
      addresses.push(address);
      nc.publish(subject, request, { reply: address.subject });
    }
    if (left > 0) await allAnswered.wait({ timeoutMs: Math.min(TIMEOUT_MS, leftMs), signal });
  } finally {
    for (const address of addresses) address.close();
  }
}
