import type { MsgHdrs } from '@nats-io/transport-node';

/** Values that `setOnDispatchHook` of a client attaches to a packet, such as a tenant. */
export type PacketMetadata = Readonly<Record<string, string>>;

/** The header of an event's metadata: its body is the payload only. */
export const METADATA_HEADER = 'Nest-Metadata';

/** The metadata of an event; undefined when it has none, or when it cannot be read. */
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
