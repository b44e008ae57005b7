import { NatsRecord } from '@nestjs/microservices';
import { NatsJetStreamRecord } from './nats-jetstream-record.js';
import { NatsRequestRecord } from './nats-request-record.js';

/**
 * An event with options, from what `emit` was given: our record, a record of Nest's NATS transport, or a
 * payload.
 */
export function toEventRecord(data: unknown): NatsJetStreamRecord {
  if (data instanceof NatsJetStreamRecord) return data;
  if (data instanceof NatsRequestRecord)
    return new NatsJetStreamRecord(data.payload, { headers: data.options.headers });
  if (data instanceof NatsRecord) return new NatsJetStreamRecord(data.data, { headers: data.headers });
  return new NatsJetStreamRecord(data);
}

/**
 * A request with options, from what `send` was given: our record, a record of Nest's NATS transport, or a
 * payload.
 */
export function toRequestRecord(data: unknown): NatsRequestRecord {
  if (data instanceof NatsRequestRecord) return data;
  if (data instanceof NatsRecord) return new NatsRequestRecord(data.data, { headers: data.headers });
  if (!(data instanceof NatsJetStreamRecord)) return new NatsRequestRecord(data);
  const { headers, timeout } = data.options;
  return new NatsRequestRecord(data.payload, { headers, timeout });
}
