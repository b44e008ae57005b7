import type { MsgHdrs } from '@nats-io/transport-node';
import type { HeaderValues } from '../log/message-log.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';

/**
 * Headers that a user gave, as values by name.
 *
 * @throws {@link InvalidOptionError} naming a header that belongs to the server, or that cannot be sent.
 */
export function toHeaderValues(headers: MsgHdrs | HeaderValues | undefined): HeaderValues {
  const values = isMsgHdrs(headers)
    ? Object.fromEntries(headers.keys().map((name) => [name, headers.values(name)]))
    : (headers ?? {});
  for (const [name, given] of Object.entries(values)) {
    refuseReserved(name, given);
    refuseUnsendable(name, given);
  }
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

/** The protocol separates headers by line breaks, and names from values by a colon. */
function refuseUnsendable(name: string, given: unknown): void {
  const option = `headers.${name}`;
  if (!/^[!-9;-~]+$/.test(name))
    throw new InvalidOptionError({
      option,
      given,
      allowed: 'named by printable ASCII without spaces and colons',
    });
  if ([given].flat().every((value) => typeof value === 'string' && !/[\r\n]/.test(value))) return;
  throw new InvalidOptionError({
    option,
    given,
    allowed: 'a text of one line, or several of them in an array',
  });
}
