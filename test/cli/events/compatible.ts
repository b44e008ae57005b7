import { z } from 'zod';
import { Event } from '../../../src/event/event-type.js';
import { eventType } from '../../../src/event/plain-event-type.js';

@Event('OrderShipped', { version: 3, upcasts: { 1: (data) => data, 2: (data) => data } })
export class Sent {}

export const OrderPlaced = eventType({
  name: 'OrderPlaced',
  schema: z.object({ customer: z.string() }),
  aliases: ['OrderCreated', 'OrderBegun'],
});
export const InvoicePaid = eventType({ name: 'InvoicePaid', aliases: ['OrderPaid'] });
export const OrderLost = eventType({ name: 'OrderLost' });
