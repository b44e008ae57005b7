import type { ApiFault } from './api-fault.js';

/** What a call of the JetStream API came to: a value, or the error that the server answered with. */
export type ApiResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: ApiFault };

/** The same result with its value in another form. */
export function mapResult<T, U>(result: ApiResult<T>, map: (value: T) => U): ApiResult<U> {
  return result.ok ? { ok: true, value: map(result.value) } : result;
}
