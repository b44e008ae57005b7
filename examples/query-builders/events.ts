import { Event } from 'jetsource';

@Event('OrderPlaced')
export class OrderPlaced {
  constructor(
    readonly customer: string,
    readonly totalCents: number,
  ) {}
}
