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
    const delivery = deliveryIn(reply);
    const isGap = delivery > this.#last + 1;
    this.#last = delivery;
    return isGap;
  }
}

/** Cut out, since this is done for each message. */
function deliveryIn(reply: string): number {
  let end = reply.length;
  for (let token = 1; token < DELIVERY_FROM_END; token += 1) end = reply.lastIndexOf('.', end - 1);
  return Number(reply.slice(reply.lastIndexOf('.', end - 1) + 1, end));
}
