import type { ConsumerDeserializer, IncomingEvent, IncomingRequest } from '@nestjs/microservices';

/** All that a packet of Nest can consist of. */
const PACKET_KEYS: ReadonlySet<string> = new Set(['pattern', 'data', 'id', 'metadata']);

/**
 * Reads JSON bodies. One that is a packet of Nest (`pattern`, `data` and nothing that is no packet's) is taken for that; any other is the payload
 * as it stands, so that programs without Nest can send what they like.
 */
export class JsonRequestDeserializer implements ConsumerDeserializer {
  /** @throws SyntaxError when the body is no JSON. */
  deserialize(
    message: { json<T>(): T },
    options: { channel?: string } = {},
  ): IncomingRequest | IncomingEvent {
    const body = message.json<unknown>();
    return isPacket(body) ? body : { pattern: options.channel, data: body };
  }
}

function isPacket(body: unknown): body is IncomingRequest | IncomingEvent {
  if (typeof body !== 'object' || body === null) return false;
  const keys = Object.keys(body);
  return keys.includes('pattern') && keys.includes('data') && keys.every((key) => PACKET_KEYS.has(key));
}
