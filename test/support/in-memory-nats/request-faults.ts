import type { ApiFault } from '../../../src/jetstream/api/api-fault.js';

/** What the server is asked for: a publish, or the beginning of a call of the API. */
export type Call =
  | 'PUBLISH'
  | 'STREAM.INFO'
  | 'STREAM.NAMES'
  | 'STREAM.CREATE'
  | 'STREAM.UPDATE'
  | 'STREAM.MSG.GET'
  | 'STREAM.MSG.DELETE'
  | 'DIRECT.GET'
  | 'CONSUMER.CREATE'
  | 'CONSUMER.INFO'
  | 'CONSUMER.DELETE'
  | 'CONSUMER.MSG.NEXT';

/** What happens to a request instead of the usual. */
export type Mishap =
  /** It does not arrive. */
  | { readonly kind: 'swallow' }
  /** Nobody serves it. */
  | { readonly kind: 'unserved' }
  /** It is refused. */
  | { readonly kind: 'fault'; readonly fault: ApiFault }
  /** It is carried out, and the answer does not arrive. */
  | { readonly kind: 'lose' }
  /** It is carried out, and the answer arrives later. */
  | { readonly kind: 'hold' }
  /** It is carried out, and of several messages of the answer only the first arrive. */
  | { readonly kind: 'cut'; readonly after: number };

interface Order {
  readonly call: Call;
  readonly mishap: Mishap;
  times: number;
}

/** Mishaps that are due, in the order they were ordered in. */
export class RequestFaults {
  #orders: Order[] = [];

  order(call: Call, mishap: Mishap, times: number): void {
    this.#orders.push({ call, mishap, times });
  }

  /** What happens to the next request of that kind. */
  take(call: Call): Mishap | undefined {
    const order = this.#orders.find((candidate) => candidate.call === call);
    if (order === undefined) return undefined;
    order.times -= 1;
    if (order.times === 0) this.#orders = this.#orders.filter((other) => other !== order);
    return order.mishap;
  }

  clear(): void {
    this.#orders = [];
  }
}
