/** `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<delivery>.<time>.<pending>`: the delivery from the end. */
const DELIVERY_FROM_END = 3;

/** Tells whether all that a consumer delivers comes to one reader: its deliveries are numbered without a gap. */
export class DeliveryOrder {
  #last = 0;

  /** All deliveries up to that one are accounted for. */
  begin(last: number): void {
    this.#last = last;
  }

  /** Notes a delivery. @returns whether some before it went elsewhere, or were lost. */
  isGapBefore(reply: string): boolean {
    const delivery = Number(reply.split('.').at(-DELIVERY_FROM_END));
    const isGap = delivery > this.#last + 1;
    this.#last = delivery;
    return isGap;
  }
}
