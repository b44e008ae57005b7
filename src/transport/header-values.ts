import type { MsgHdrs } from '@nats-io/transport-node';
import type { HeaderValues } from '../log/message-log.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';

/**
 * Headers that a user gave, as values by name.
 *
 * @throws {@link InvalidOptionError} naming a header that belongs to the server.
 */
export function toHeaderValues(headers: MsgHdrs | HeaderValues | undefined): HeaderValues {
  const values = isMsgHdrs(headers)
    ? Object.fromEntries(headers.keys().map((name) => [name, headers.values(name)]))
    : (headers ?? {});
  for (const name of Object.keys(values)) refuseReserved(name, values[name]);
  return values;
}

function isMsgHdrs(headers: MsgHdrs | HeaderValues | undefined): headers is MsgHdrs {
  return typeof headers?.['keys'] === 'function';
}

/** Headers that the server acts on could expire or remove messages without the transport knowing. */
function refuseReserved(name: string, given: unknown): void {
  if (!/^nats-/i.test(name)) return;
  throw new InvalidOptionError({
    option: `headers.${name}`,
    given,
    allowed: 'absent: headers that start with Nats- are the server’s; use msgID, expect, ttlMs or delayMs',
  });
}
