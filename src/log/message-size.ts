import type { OutgoingMessage } from './message-log.js';

/** `NATS/1.0` with its line end, and the empty line after the headers. */
const HEADER_FRAME = 12;

/**
 * The most that a batch adds to the headers of each of its messages: its id, the message's number, whether it
 * is the last.
 */
export const BATCH_HEADERS_BYTES = 110;

/** Size of the message as counted against the log's limit, in bytes: headers count, the subject does not. */
export function sizeOf({ payload, headers }: OutgoingMessage): number {
  let bytes = payload.length + HEADER_FRAME;
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value)
      bytes += Buffer.byteLength(name) + Buffer.byteLength(one) + 4;
  }
  return bytes;
}
