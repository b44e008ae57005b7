import type { ConsumerDeserializer, IncomingEvent, IncomingRequest } from '@nestjs/microservices';
import { BODY_HEADER, isPacketFor, PAYLOAD_BODY } from '../body-header.js';

/** What is read of a message. */
interface ReadableMessage {
  json<T>(): T;
  readonly subject?: string | undefined;
  readonly data?: Uint8Array | undefined;
  readonly headers?: { get(name: string): string } | undefined;
}

/**
 * Reads JSON bodies. A packet of Nest is unpacked: a body with `pattern`, `data` and no key that packets do not
 * have, whose pattern belongs to the subject. Any other body is the payload itself, so that programs without
 * Nest can send any JSON. An empty body is an undefined payload.
 */
export class JsonRequestDeserializer implements ConsumerDeserializer {
  /** @throws SyntaxError when the body is not JSON. */
  deserialize(message: ReadableMessage, options: { channel?: string } = {}): IncomingRequest | IncomingEvent {
    const body = message.data?.length === 0 ? undefined : message.json<unknown>();
    return isPacket(message, body) ? body : { pattern: options.channel, data: body };
  }
}

function isPacket(
  { subject, headers }: ReadableMessage,
  body: unknown,
): body is IncomingRequest | IncomingEvent {
  return headers?.get(BODY_HEADER) !== PAYLOAD_BODY && isPacketFor(subject, body);
}
