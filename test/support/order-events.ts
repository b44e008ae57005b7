import { Event } from '../../src/event/event-type.js';

@Event('OrderPlaced')
export class OrderPlaced {
  constructor(readonly customer: string) {}
}

@Event('OrderShipped')
export class OrderShipped {
  constructor(readonly carrier: string = 'dhl') {}
}

@Event('Counted')
export class Counted {
  constructor(readonly n: number) {}
}

export const ORDER_EVENTS = [OrderPlaced, OrderShipped, Counted];

/** `Counted` events with the numbers `from` to `to`, both included. */
export function counted(from: number, to = from): Counted[] {
  return Array.from({ length: to - from + 1 }, (_, index) => new Counted(from + index));
}
