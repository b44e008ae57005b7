import { Event } from '../../src/event/event-type.js';
import { streamName } from '../../src/event/stream-name.js';
import { defineProjection, type ProjectionDefinition } from '../../src/projection/define-projection.js';
import { FakeEventStore } from './fake-event-store.js';
import type { MemoryProjectionStore, Model } from './memory-projection-store.js';

@Event('OrderPlaced')
export class OrderPlaced {
  constructor(
    readonly customer: string,
    readonly amount = 1,
  ) {}
}

@Event('OrderShipped')
export class OrderShipped {
  constructor(readonly carrier: string) {}
}

export const orderStream = streamName('order', '42');

export function orderLog(): FakeEventStore {
  return new FakeEventStore([OrderPlaced, OrderShipped]);
}

/** The sum of amounts by customer; `before` is called ahead of each write, and `after` behind it. */
export function sums(
  store: MemoryProjectionStore,
  hooks: {
    name?: string;
    version?: number;
    before?: (customer: string) => Promise<void> | void;
    after?: (customer: string) => void;
  } = {},
): ProjectionDefinition<Model> {
  return defineProjection({
    name: hooks.name ?? 'sums',
    version: hooks.version,
    categories: ['order'],
    store,
    clear: async (model) => model.clear(),
    events: { OrderPlaced },
    on: {
      OrderPlaced: async ({ data }, model) => {
        await hooks.before?.(data.customer);
        model.set(data.customer, (model.get(data.customer) ?? 0) + data.amount);
        hooks.after?.(data.customer);
      },
    },
  });
}
