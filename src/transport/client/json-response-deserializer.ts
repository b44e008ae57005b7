import type { IncomingResponse, ProducerDeserializer } from '@nestjs/microservices';

/** All keys that an answer of Nest can have. */
const PACKET_KEYS: ReadonlySet<string> = new Set(['id', 'err', 'response', 'isDisposed', 'status']);

/** Reads JSON answers. An answer that is not a packet of Nest is the value itself, and the only one. */
export class JsonResponseDeserializer implements ProducerDeserializer {
  /** @throws SyntaxError when the body is not JSON. */
  deserialize(message: { json<T>(): T }): IncomingResponse {
    const body = message.json<unknown>();
    return isPacket(body) ? body : ({ response: body, isDisposed: true } as IncomingResponse);
  }
}

function isPacket(body: unknown): body is IncomingResponse {
  if (typeof body !== 'object' || body === null) return false;
  const keys = Object.keys(body);
  return keys.length > 0 && keys.every((key) => PACKET_KEYS.has(key));
}
