import type { MsgHdrs } from '@nats-io/transport-node';
import { currentMetadata } from '../event/metadata-context.js';
import type { Metadata } from '../event/metadata.js';

/** The header that carries the correlation id of an event or request, as in HTTP. */
const CORRELATION_HEADER = 'x-correlation-id';

/**
 * The correlation header of an event or request that is sent in the current context; none without a
 * correlation id.
 */
export function correlationHeaders(): Record<string, string> {
  const { correlationId } = currentMetadata();
  return typeof correlationId === 'string' ? { [CORRELATION_HEADER]: encodeURI(correlationId) } : {};
}

/** The metadata of everything that the handling of a message causes. */
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
