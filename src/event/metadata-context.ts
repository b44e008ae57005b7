import { AsyncLocalStorage } from 'node:async_hooks';
import { checkMetadata, type Metadata } from './metadata.js';
import type { RecordedEvent } from './recorded-event.js';

const context = new AsyncLocalStorage<Metadata>();

/**
 * Runs work whose appends all carry this metadata, however deep they are called; what an append is given itself wins. Inside another call it adds
 * to the metadata there. This is how correlation and causation reach the events without a parameter: `JetsourceModule` opens one for each request,
 * a subscription one for each event.
 *
 * @throws {@link InvalidEventError} when JSON cannot hold the metadata.
 * @example
 * await runWithMetadata({ correlationId: job.id, actor: 'importer' }, async () => importOrders(store));
 */
export function runWithMetadata<T>(metadata: Metadata, work: () => T): T {
  checkMetadata(metadata);
  return context.run({ ...context.getStore(), ...metadata }, work);
}

/** What an append at this place carries unless it is given something else; empty outside of {@link runWithMetadata}. */
export function currentMetadata(): Metadata {
  return context.getStore() ?? {};
}

/**
 * The metadata of what an event causes: it stays in the event's chain, with the event as its cause, and in its tenant.
 *
 * @example
 * await runWithMetadata(causedBy(event), async () => orders.update(id, (order) => order.ship()));
 */
export function causedBy(event: Pick<RecordedEvent, 'id' | 'metadata'>): Metadata {
  const { correlationId, tenant } = event.metadata;
  return { correlationId, causationId: event.id, ...(tenant !== undefined && { tenant }) };
}
