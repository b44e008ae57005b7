import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import type { ArgumentsHost } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { NatsJetStreamContext } from './nats-jetstream.context.js';

/** What the handler of an event threw, by the context that it was called with. */
const thrown = new WeakMap<NatsJetStreamContext, unknown>();

/**
 * The transport is told of an error when Nest's filter has made "Internal server error" of it, which helps nobody who reads a dead letter. There is no
 * other place that sees both the error and the message it belongs to; the filter's answer stays what it was.
 */
const catchException = Reflect.get(BaseRpcExceptionFilter.prototype, 'catch') as (
  this: BaseRpcExceptionFilter,
  exception: unknown,
  host: ArgumentsHost,
) => Observable<unknown>;
BaseRpcExceptionFilter.prototype.catch = function (
  this: BaseRpcExceptionFilter,
  exception: unknown,
  host: ArgumentsHost,
) {
  const context: unknown = host.switchToRpc().getContext();
  if (context instanceof NatsJetStreamContext) thrown.set(context, exception);
  return catchException.call(this, exception, host);
};

/** What the handler threw; what Nest made of it where that is not known, since a filter of the user's own dealt with it. */
export function originalError(context: NatsJetStreamContext, error: unknown): unknown {
  const original = thrown.has(context) ? thrown.get(context) : error;
  return original instanceof RpcException ? withPayload(original) : original;
}

/** Of an exception that was given a plain object, Nest's message tells little or nothing. */
function withPayload(exception: RpcException): Error {
  const payload = exception.getError();
  if (typeof payload === 'string' || payload instanceof Error) return exception;
  const { name, stack } = exception;
  return { name, message: JSON.stringify(payload), ...(stack !== undefined && { stack }) };
}
