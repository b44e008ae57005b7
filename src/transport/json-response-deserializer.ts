import { IncomingResponseDeserializer } from '@nestjs/microservices';
import type { IncomingResponse, ProducerDeserializer } from '@nestjs/microservices';

/** Reads JSON answers. One that is no packet of Nest is the value as it stands, and the only one. */
export class JsonResponseDeserializer implements ProducerDeserializer {
  readonly #packets = new IncomingResponseDeserializer();

  /** @throws SyntaxError when the body is no JSON. */
  deserialize(message: { json<T>(): T }): IncomingResponse | Promise<IncomingResponse> {
    return this.#packets.deserialize(message.json<unknown>());
  }
}
