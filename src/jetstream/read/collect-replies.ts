import type { Msg } from '@nats-io/transport-node';
import type { Deadline } from '../../kernel/deadline.js';
import { Wakeup } from '../../kernel/wakeup.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';

/** A direct get that is answered with several messages, and a status at their end. */
export interface BatchGet {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** How long to wait for the next reply, in milliseconds. */
  readonly silenceMs: number;
}

/** Replies until a status, or until none comes for a while. Sent once. */
export async function collectReplies(
  { inbox, nc }: JetStreamConnection,
  { subject, payload, silenceMs }: BatchGet,
  deadline: Deadline,
): Promise<Msg[]> {
  const replies: Msg[] = [];
  const news = new Wakeup(inbox.timeouts);
  let isInterrupted = false;
  const address = inbox.open(
    (reply) => {
      replies.push(reply);
      news.wake();
    },
    () => {
      isInterrupted = true;
      news.wake();
    },
  );
  try {
    nc.publish(subject, payload, { reply: address.subject });
    while (!endsWithStatus(replies) && !isInterrupted) {
      const timeoutMs = Math.min(silenceMs, deadline.leftMs);
      if ((await news.wait({ timeoutMs, signal: deadline.signal })) !== 'woken') break;
    }
    return replies;
  } finally {
    address.close();
  }
}

/** Whether the server speaks for itself. A message without a body is a message. */
export function isStatus(reply: Msg): boolean {
  return reply.data.length === 0 && (reply.headers?.code ?? 0) > 0;
}

function endsWithStatus(replies: readonly Msg[]): boolean {
  const last = replies.at(-1);
  return last !== undefined && isStatus(last);
}
