import type { Msg, MsgHdrs } from '@nats-io/transport-node';

/** A message as it travels. */
export interface Envelope {
  /** The subject that it bears. */
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
  readonly reply?: string | undefined;
}

const text = new TextDecoder();

/** The message as the client gives it to a subscription. */
export function toMsg({ subject, data, headers, reply }: Envelope, send: (answer: Envelope) => void): Msg {
  return {
    subject,
    sid: 1,
    data,
    ...(headers !== undefined && { headers }),
    ...(reply !== undefined && { reply }),
    respond: (payload) => {
      if (reply === undefined) return false;
      send({ subject: reply, data: toBytes(payload) });
      return true;
    },
    json: <T>() => JSON.parse(text.decode(data)) as T,
    string: () => text.decode(data),
  };
}

/** A payload in bytes. */
export function toBytes(payload: string | Uint8Array = ''): Uint8Array {
  return typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
}
