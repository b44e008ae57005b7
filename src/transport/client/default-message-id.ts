import { v4 as randomUuid } from 'uuid';

/**
 * The message id of an event that is given none: what tells a CloudEvent from every other, so that it is stored once however often it is emitted;
 * otherwise a random one, which is the same in all resends of one emit.
 */
export function defaultMessageId(payload: unknown): string {
  if (!isCloudEvent(payload)) return randomUuid();
  // a header holds no line breaks, and nothing but ASCII arrives as it was
  return `${encodeURI(payload.source)}#${encodeURIComponent(payload.id)}`;
}

function isCloudEvent(payload: unknown): payload is { source: string; id: string } {
  if (typeof payload !== 'object' || payload === null) return false;
  const { specversion, source, id } = payload as Record<string, unknown>;
  return typeof specversion === 'string' && typeof source === 'string' && typeof id === 'string';
}
