import { AsyncLocalStorage } from 'node:async_hooks';
import { type Metadata, plainMetadata } from './metadata.js';
import type { RecordedEvent } from './recorded-event.js';
import { isTraceparent } from './traceparent.js';

const context = new AsyncLocalStorage<Metadata>();

/**
 * Runs `work` with metadata that all its appends carry, including those in functions that it calls. Metadata
 * of the append itself take precedence. Nested calls add to the metadata of the outer call. This is how
 * correlation and causation ids reach events without a parameter: `JetsourceModule` sets a context for each
 * request, a subscription for each event.
 *
 * @throws {@link InvalidEventError} when JSON cannot hold the metadata, or a key is reserved.
 * @example
 * await runWithMetadata({ correlationId: job.id, actor: 'importer' }, async () => importOrders(store));
 */
export function runWithMetadata<T>(metadata: Metadata, work: () => T): T {
  return context.run({ ...context.getStore(), ...plainMetadata(metadata) }, work);
}

/** The metadata of the current context; empty outside of {@link runWithMetadata}. */
export function currentMetadata(): Metadata {
  return context.getStore() ?? {};
}

/**
 * Metadata for what is done in response to an event: its correlation id, tenant and trace, and its id as the
 * causation id.
 *
 * @example
 * await runWithMetadata(causedBy(event), async () => orders.update(id, (order) => order.ship()));
 */
export function causedBy(event: Pick<RecordedEvent, 'id' | 'metadata'>): Metadata {
  const { correlationId, tenant, traceparent } = event.metadata;
  return {
    correlationId,
    causationId: event.id,
    ...(tenant !== undefined && { tenant }),
    ...(isTraceparent(traceparent) && { traceparent }),
  };
}
