import type { Serializer } from '@nestjs/microservices';

/**
 * Writes JSON. Of an event it writes the payload only, so that any program can read what is stored. Of
 * requests and answers it writes the whole packet, as Nest's own NATS transport does.
 */
export class JsonSerializer implements Serializer<object, string> {
  serialize(packet: object): string {
    const isEvent = 'data' in packet && !('id' in packet);
    return JSON.stringify(isEvent ? packet.data : packet);
  }
}
