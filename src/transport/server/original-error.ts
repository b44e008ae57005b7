import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import type { ArgumentsHost } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { NatsJetStreamContext } from './nats-jetstream.context.js';

/** The error that the handler of an event threw, by the context that it was called with. */
const thrown = new WeakMap<NatsJetStreamContext, unknown>();

/**
 * Nest's filter turns an unknown error into "Internal server error" before the transport gets it, which is
 * useless in a dead letter. Only the filter sees both the error and the context of its message, so the error
 * is noted here. What the filter returns is unchanged, and messages of other transports are not looked at. A
 * strategy has no other way to the error: an interceptor would have to be installed by each application.
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
  const [, context] = host.getType() === 'rpc' ? host.getArgs<[unknown, unknown]>() : [];
  if (context instanceof NatsJetStreamContext) thrown.set(context, exception);
  return catchException.call(this, exception, host);
};

/** The error that the handler threw. Where a filter of the user dealt with it, that filter's error. */
export function originalError(context: NatsJetStreamContext, error: unknown): unknown {
  const original = thrown.has(context) ? thrown.get(context) : error;
  return original instanceof RpcException ? withPayload(original) : original;
}

/** The message that Nest gives an exception of a plain object does not contain the object. */
function withPayload(exception: RpcException): Error {
  const payload = exception.getError();
  if (typeof payload === 'string' || payload instanceof Error) return exception;
  const { name, stack } = exception;
  return { name, message: JSON.stringify(payload), ...(stack !== undefined && { stack }) };
}
