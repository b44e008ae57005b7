import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { Observable } from 'rxjs';
import { v4 as randomUuid } from 'uuid';
import type { Metadata } from '../event/metadata.js';
import { currentMetadata, runWithMetadata } from '../event/metadata-context.js';
import { isTraceparent } from '../event/traceparent.js';
import type { ResolvedCorrelation, TracePropagation } from './correlation-options.js';

/** What a client may write into the log. */
const ACCEPTABLE = /^[\x21-\x7e]{1,200}$/;

interface HttpRequest {
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Gives all appends of one request the same correlation id: the request's `x-correlation-id` or
 * `x-request-id`, or a new one, which is sent back as `x-correlation-id`; and the trace of the request, its
 * `traceparent`. `JetsourceModule` applies it to every route, unless its option `correlation` is false.
 */
export class CorrelationInterceptor implements NestInterceptor {
  readonly #host: HttpAdapterHost;
  readonly #options: ResolvedCorrelation | undefined;

  /** @param options Undefined where it is off. */
  constructor(host: HttpAdapterHost, options: ResolvedCorrelation | undefined) {
    this.#host = host;
    this.#options = options;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // a context that is already open wins: that of a second store's interceptor, or the application's own
    if (this.#options === undefined || currentMetadata().correlationId !== undefined) return next.handle();
    const metadata = this.#begin(context, this.#options);
    return new Observable((subscriber) =>
      runWithMetadata(metadata, () => next.handle().subscribe(subscriber)),
    );
  }

  #begin(context: ExecutionContext, { headers, openTelemetry }: ResolvedCorrelation): Metadata {
    const active = activeTrace(openTelemetry);
    if (context.getType() !== 'http') return { correlationId: randomUuid(), ...traced(active) };
    const http = context.switchToHttp();
    const { headers: given } = http.getRequest<HttpRequest>();
    const correlationId = headers.map((name) => given[name]).find(isAcceptable) ?? randomUuid();
    this.#host.httpAdapter.setHeader(http.getResponse(), headers[0], correlationId);
    return { correlationId, ...traced(active ?? given['traceparent']) };
  }
}

function isAcceptable(value: unknown): value is string {
  return typeof value === 'string' && ACCEPTABLE.test(value);
}

/** The trace of the active span; undefined without one. */
function activeTrace(api: TracePropagation | undefined): string | undefined {
  const carrier: Record<string, string> = {};
  api?.propagation.inject(api.context.active() as never, carrier);
  return carrier['traceparent'];
}

function traced(traceparent: unknown): Metadata {
  return isTraceparent(traceparent) ? { traceparent } : {};
}
