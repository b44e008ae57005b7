import { v4 as randomUuid } from 'uuid';

/**
 * The message id of an event that has none. For a CloudEvent it consists of what identifies it, so that it is
 * stored once even if it is emitted several times. For others it is random, and the same in all resends of
 * one emit.
 */
export function defaultMessageId(payload: unknown): string {
  if (!isCloudEvent(payload)) return randomUuid();
  // headers cannot hold line breaks, and only ASCII is safe in them
  return `${encodeURI(payload.source)}#${encodeURIComponent(payload.id)}`;
}

function isCloudEvent(payload: unknown): payload is { source: string; id: string } {
  if (typeof payload !== 'object' || payload === null) return false;
  const { specversion, source, id } = payload as Record<string, unknown>;
  return typeof specversion === 'string' && typeof source === 'string' && typeof id === 'string';
}
