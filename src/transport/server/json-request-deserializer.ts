import type { ConsumerDeserializer, IncomingEvent, IncomingRequest } from '@nestjs/microservices';

/** All keys that a packet of Nest can have. */
const PACKET_KEYS: ReadonlySet<string> = new Set(['pattern', 'data', 'id', 'metadata']);

/**
 * Reads JSON bodies. A body with `pattern`, `data` and no key that packets of Nest do not have is a packet.
 * Any other body is the payload itself, so that programs without Nest can send any JSON.
 */
export class JsonRequestDeserializer implements ConsumerDeserializer {
  /** @throws SyntaxError when the body is not JSON. */
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
