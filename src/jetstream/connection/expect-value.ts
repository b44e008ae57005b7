import { type ApiFault, describeFault } from '../api/api-fault.js';
import type { ApiResult } from '../api/api-result.js';
import { NatsError } from './connection-errors.js';

/**
 * A fault that jetsource has no better word for. `doing` says what failed, such as "reading from stream
 * shop".
 */
export function unexpectedFault(doing: string, fault: ApiFault): NatsError {
  return new NatsError(`${doing}: ${describeFault(fault)}`);
}

/**
 * The value of a call that has no reason to fail.
 *
 * @throws {@link NatsError} when the server answered with an error.
 */
export function expectValue<T>(result: ApiResult<T>, doing: string): T {
  if (result.ok) return result.value;
  throw unexpectedFault(doing, result.fault);
}

/**
 * The value of a call, or undefined where the server has nothing of the kind.
 *
 * @param missing The `err_code` that says so.
 * @throws {@link NatsError} when the server answered with another error.
 */
export function findValue<T>(result: ApiResult<T>, missing: number, doing: string): T | undefined {
  return !result.ok && result.fault.err_code === missing ? undefined : expectValue(result, doing);
}
