import type { Serializer } from '@nestjs/microservices';

/**
 * Writes JSON: of an event the payload alone, so that any program can read what is stored; of requests and answers the whole packet, as Nest's
 * own NATS transport does.
 */
export class JsonSerializer implements Serializer<object, string> {
  serialize(packet: object): string {
    const isEvent = 'data' in packet && !('id' in packet);
    return JSON.stringify(isEvent ? packet.data : packet);
  }
}
