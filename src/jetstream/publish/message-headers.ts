import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { HeaderValues } from '../../log/message-log.js';

/** The headers as the client sends them. */
export function toMsgHdrs(values: HeaderValues): MsgHdrs {
  const natsHeaders = headers();
  for (const [name, value] of Object.entries(values)) {
    for (const one of valuesOf(value)) natsHeaders.append(name, one);
  }
  return natsHeaders;
}

/** The values of one header. */
export function valuesOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
