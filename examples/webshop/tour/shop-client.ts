/** Response of the shop: status, ETag and body. */
export interface Answer<T> {
  readonly status: number;
  readonly etag: string | null;
  readonly body: T;
}

export interface Written {
  readonly id: string;
  readonly version: number;
  readonly position: string;
  readonly committed: boolean;
  readonly attempts: number;
}

export const PEN = { sku: 'pen', quantity: 2, priceCents: 150 };
export const BOOK = { sku: 'book', quantity: 1, priceCents: 2_900 };

interface PlaceOptions {
  readonly items?: object[];
  readonly shipWithinMs?: number;
  /** Its idempotency key. */
  readonly key?: string;
}

/** An HTTP client of one instance of the shop. */
export class ShopClient {
  constructor(private readonly url: string) {}

  async place(customer: string, options: PlaceOptions = {}): Promise<Answer<Written>> {
    const { items = [PEN, BOOK], shipWithinMs, key } = options;
    return this.send(
      'POST',
      '/orders',
      { customer, items, shipWithinMs },
      key === undefined ? {} : { 'idempotency-key': key },
    );
  }

  async ship(id: string, skus?: string[], headers: Record<string, string> = {}): Promise<Answer<Written>> {
    return this.send('POST', `/orders/${id}/ship`, skus === undefined ? {} : { skus }, headers);
  }

  async get<T>(path: string): Promise<Answer<T>> {
    return this.send('GET', path);
  }

  async send<T>(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      etag: response.headers.get('etag'),
      body: (await response.json()) as T,
    };
  }
}
