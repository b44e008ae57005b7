import { Event } from 'jetsource';

export interface Item {
  readonly sku: string;
  readonly quantity: number;
  readonly priceCents: number;
}

@Event('OrderPlaced')
export class OrderPlaced {
  constructor(
    readonly customer: string,
    readonly items: readonly Item[],
  ) {}
}

@Event('ParcelShipped')
export class ParcelShipped {
  constructor(readonly skus: readonly string[]) {}
}
