import type { MsgHdrs } from '@nats-io/transport-node';
import type { HeaderValues } from '../../../src/log/message-log.js';
import { toMsgHdrs } from '../../../src/jetstream/publish/message-headers.js';

/** Headers as the log keeps them. */
export function fromHeaders(headers: MsgHdrs | undefined): HeaderValues {
  return Object.fromEntries([...(headers ?? [])]);
}

/** Headers as they travel; a message without any has no header block. */
export function toHeaders(values: HeaderValues): MsgHdrs | undefined {
  return Object.keys(values).length === 0 ? undefined : toMsgHdrs(values);
}
