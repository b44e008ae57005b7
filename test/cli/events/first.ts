import { z } from 'zod';
import { Event } from '../../../src/event/event-type.js';
import { eventType } from '../../../src/event/plain-event-type.js';

@Event('OrderShipped', { version: 2, upcasts: { 1: (data) => data } })
export class OrderShipped {}

const OrderPlaced = eventType({
  name: 'OrderPlaced',
  schema: z.object({ customer: z.string() }),
  aliases: ['OrderCreated'],
});
const OrderPaid = eventType({ name: 'OrderPaid', fields: { at: 'date' } });

/** The items of an exported list count as exports. Other values are ignored. */
export const events = [OrderShipped, OrderPlaced, OrderPaid];
export const answer = 42;
