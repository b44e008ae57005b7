import type { MsgHdrs } from '@nats-io/transport-node';

/** What `setOnDispatchHook` of a client attaches to a packet: out-of-band values such as a tenant. */
export type PacketMetadata = Readonly<Record<string, string>>;

/** An event's body is its payload alone, so its metadata travels in a header. */
export const METADATA_HEADER = 'Nest-Metadata';

/** The metadata of an event; undefined when it has none, or none that can be read. */
export function readMetadata(headers: MsgHdrs | undefined): PacketMetadata | undefined {
  const text = headers?.get(METADATA_HEADER) ?? '';
  if (text === '') return undefined;
  try {
    const metadata: unknown = JSON.parse(text);
    return typeof metadata === 'object' && metadata !== null ? (metadata as PacketMetadata) : undefined;
  } catch {
    return undefined;
  }
}
