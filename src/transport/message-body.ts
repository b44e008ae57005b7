import type { MsgHdrs } from '@nats-io/transport-node';

/** What a serializer's result comes to on the wire. */
export interface MessageBody {
  readonly payload: Uint8Array;
  /** Headers that the serializer wants to go with it. */
  readonly headers?: MsgHdrs | undefined;
}

const utf8 = new TextEncoder();

/**
 * The message that a serializer made: text or bytes, either of them as `data` beside `headers` (as serializers of Nest's NATS transport give it), or
 * something that is written as JSON.
 */
export function toMessageBody(serialized: unknown): MessageBody {
  if (!isBodyWithHeaders(serialized)) return { payload: toBytes(serialized) };
  return { payload: toBytes(serialized.data), headers: serialized.headers };
}

function isBodyWithHeaders(serialized: unknown): serialized is { data: unknown; headers?: MsgHdrs } {
  if (typeof serialized !== 'object' || serialized === null || !('data' in serialized)) return false;
  return Object.keys(serialized).every((key) => key === 'data' || key === 'headers');
}

function toBytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  return utf8.encode(typeof data === 'string' ? data : (JSON.stringify(data) ?? ''));
}
