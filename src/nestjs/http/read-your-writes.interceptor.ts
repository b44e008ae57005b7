import {
  BadRequestException,
  type CallHandler,
  type ExecutionContext,
  HttpException,
  type NestInterceptor,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Observable } from 'rxjs';
import { AppendedPositions, trackAppends } from '../../event/append-tracking.js';
import { asPosition, type Position } from '../../event/position.js';
import { hasJetsourceBrand } from '../../kernel/jetsource-error.js';
import type { Projections } from '../../projection/projections.js';
import { beforeHeaders, rawResponseOf, whileConnected } from './raw-response.js';
import type { ResolvedReadYourWrites } from './read-your-writes-options.js';
import { type ProjectionWait, projectionWaitOf } from './wait-for-projection.decorator.js';

/** The event store that an interceptor is for. */
export interface ReadYourWritesParts extends ResolvedReadYourWrites {
  readonly alias: string | undefined;
  /** Identity of the store. */
  readonly store: string;
  readonly projections: Projections;
}

interface HttpRequest {
  readonly headers: Readonly<Record<string, unknown>>;
}

/** When a client may try again after a wait that was too short, in seconds. */
const RETRY_AFTER = '1';
/** What proxies log for a client that closed its connection. */
const CLIENT_CLOSED_REQUEST = 499;
const NOT_RUNNING = ['projection-failed', 'projection-diverged'];

/**
 * Adds the highest position that a request has appended to its response, in the header
 * `x-jetsource-position`, also when the handler throws afterwards. Before a route with
 * {@link WaitForProjection}, it waits until the projections have reached the position in the same header of the
 * request. `JetsourceModule` applies it to every route.
 */
export class ReadYourWritesInterceptor implements NestInterceptor {
  readonly #parts: ReadYourWritesParts;

  constructor(parts: ReadYourWritesParts) {
    this.#parts = parts;
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const { header, alias, store } = this.#parts;
    const http = context.switchToHttp();
    const response = rawResponseOf(http.getResponse());
    const route = { handler: context.getHandler(), controller: context.getClass() };
    const wait = projectionWaitOf(route, alias);
    const given = http.getRequest<HttpRequest>().headers[header];
    if (wait !== undefined && given !== undefined) await this.#wait(response, wait, this.#positionIn(given));
    const appended = new AppendedPositions();
    beforeHeaders(response, () => {
      const position = appended.in(store);
      if (position !== undefined) response.setHeader(header, position);
    });
    return new Observable((subscriber) => trackAppends(appended, () => next.handle().subscribe(subscriber)));
  }

  /** @throws BadRequestException when it is no position. */
  #positionIn(given: unknown): Position {
    try {
      return asPosition(String(given));
    } catch (cause) {
      throw new BadRequestException(`${this.#parts.header} is no position that a response has given`, {
        cause,
      });
    }
  }

  async #wait(
    response: ServerResponse,
    { projections, timeoutMs = this.#parts.timeoutMs }: ProjectionWait,
    position: Position,
  ): Promise<void> {
    await whileConnected(response, async (signal) => {
      try {
        // a request that writes to several categories names its last event, and the projection may read another one
        const options = { timeoutMs, signal, ofAnyCategory: true };
        const waits = projections.map(async (ref) => this.#parts.projections.waitFor(ref, position, options));
        await Promise.all(waits);
      } catch (error) {
        if (signal.aborted) throw new HttpException('the client has gone', CLIENT_CLOSED_REQUEST);
        throw unavailable(response, error);
      }
    });
  }
}

/** 503: the request is right, and is answered when it is repeated later. */
function unavailable(response: ServerResponse, error: unknown): unknown {
  if (!hasJetsourceBrand(error)) return error;
  if (error.code === 'wait-timeout') {
    response.setHeader('retry-after', RETRY_AFTER);
    return new ServiceUnavailableException(error.message, { cause: error });
  }
  // why it does not run is nothing for clients
  return NOT_RUNNING.includes(error.code)
    ? new ServiceUnavailableException('a projection that the response needs does not run', { cause: error })
    : error;
}
