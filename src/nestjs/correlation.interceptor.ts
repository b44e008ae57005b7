import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Observable } from 'rxjs';
import { v4 as randomUuid } from 'uuid';
import { currentMetadata, runWithMetadata } from '../event/metadata-context.js';

/** Read in this order. The first one is also the header of the answer. */
const HEADERS = ['x-correlation-id', 'x-request-id'] as const;
/** What a client may write into the log. */
const ACCEPTABLE = /^[\x21-\x7e]{1,200}$/;

interface HttpRequest {
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Gives all appends of one request the same correlation id: the request's `x-correlation-id` or
 * `x-request-id`, or a new one. It is sent back as `x-correlation-id`. `JetsourceModule` applies it to every
 * route.
 */
@Injectable()
export class CorrelationInterceptor implements NestInterceptor {
  readonly #host: HttpAdapterHost;

  constructor(host: HttpAdapterHost) {
    this.#host = host;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // a context that is already open wins: that of a second store's interceptor, or the application's own
    if (currentMetadata().correlationId !== undefined) return next.handle();
    const correlationId = this.#begin(context);
    return new Observable((subscriber) =>
      runWithMetadata({ correlationId }, () => next.handle().subscribe(subscriber)),
    );
  }

  #begin(context: ExecutionContext): string {
    if (context.getType() !== 'http') return randomUuid();
    const http = context.switchToHttp();
    const correlationId = givenIn(http.getRequest<HttpRequest>()) ?? randomUuid();
    this.#host.httpAdapter.setHeader(http.getResponse(), HEADERS[0], correlationId);
    return correlationId;
  }
}

function givenIn({ headers }: HttpRequest): string | undefined {
  return HEADERS.map((name) => headers[name]).find(
    (value): value is string => typeof value === 'string' && ACCEPTABLE.test(value),
  );
}
