import type { MsgHdrs } from '@nats-io/transport-node';
import { currentMetadata } from '../event/metadata-context.js';
import type { Metadata } from '../event/metadata.js';

/** The header in which an event or request says what it belongs to, as HTTP has it. */
const CORRELATION_HEADER = 'x-correlation-id';

/** What an event or request that is sent here says of what it belongs to. */
export function correlationHeaders(): Record<string, string> {
  const { correlationId } = currentMetadata();
  return typeof correlationId === 'string' ? { [CORRELATION_HEADER]: encodeURI(correlationId) } : {};
}

/** The metadata for all that a message causes. */
export function correlationIn(headers: MsgHdrs | undefined): Metadata {
  const value = headers?.get(CORRELATION_HEADER) ?? '';
  return value === '' ? {} : { correlationId: decode(value) };
}

function decode(value: string): string {
  try {
    return decodeURI(value);
  } catch {
    return value;
  }
}
