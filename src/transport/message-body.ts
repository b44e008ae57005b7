import type { MsgHdrs } from '@nats-io/transport-node';

/** What is sent of a serializer's result. */
export interface MessageBody {
  readonly payload: Uint8Array;
  /** Headers that the serializer returned with the body. */
  readonly headers?: MsgHdrs | undefined;
}

const utf8 = new TextEncoder();

/**
 * The body of a message from a serializer's result. The result is text, bytes, either of them as `data`
 * beside `headers` (as serializers of Nest's NATS transport return it), or any other value, which is written
 * as JSON.
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
