import type { CorruptStreamError } from '../../src/event/event-errors.js';
import { Event } from '../../src/event/event-type.js';
import { streamName } from '../../src/event/stream-name.js';
import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import { type ProjectionLog, projectionLog } from './projection-log.js';
import type { FaultyProjectionStore, Model } from './faulty-projection-store.js';

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

export function orderLog(): ProjectionLog {
  return projectionLog([OrderPlaced, OrderShipped]);
}

/** The sum of amounts by customer. The hooks are called before and after each write. */
export function sums(
  store: FaultyProjectionStore,
  hooks: {
    name?: string;
    version?: number;
    before?: (customer: string) => Promise<void> | void;
    after?: (customer: string) => void;
    onCorrupt?: (error: CorruptStreamError) => void;
  } = {},
): ProjectionDefinition<Model> {
  return defineProjection({
    name: hooks.name ?? 'sums',
    version: hooks.version,
    categories: ['order'],
    store,
    clear: async (model) => model.clear(),
    onCorrupt: hooks.onCorrupt,
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
