import { z } from 'zod';
import { Event } from '../../../src/event/event-type.js';
import { eventType } from '../../../src/event/plain-event-type.js';

@Event('OrderShipped', { version: 3, upcasts: { 2: (data) => data } })
export class OrderShipped {}

export const OrderPlaced = eventType({ name: 'OrderPlaced', schema: z.object({ customer: z.number() }) });
