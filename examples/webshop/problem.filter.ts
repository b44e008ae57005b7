import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type AnyJetsourceError, isJetsourceError } from 'jetsource';
import { OrderRefused } from './order.js';

interface Request {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Errors that a client can act on. All others are a 500. */
const STATUS: Partial<Record<AnyJetsourceError['code'], number>> = {
  'aggregate-not-found': 404,
  'invalid-stream-name': 400,
  'invalid-option': 400,
  'payload-too-large': 413,
  'append-outcome-unknown': 503,
  nats: 503,
  'wait-timeout': 503,
  'connection-closed': 503,
  'projection-failed': 503,
  'projection-diverged': 503,
};

/** Maps errors to HTTP responses. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Shop');

  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const status = statusOf(error, http.getRequest<Request>());
    if (status >= 500)
      this.logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    const answer = error instanceof HttpException ? error.getResponse() : messageOf(error, status);
    const body = typeof answer === 'string' ? { statusCode: status, message: answer } : answer;
    this.host.httpAdapter.reply(http.getResponse(), body, status);
  }
}

/** Messages of internal errors are only logged. */
function messageOf(error: unknown, status: number): string {
  return status !== 500 && error instanceof Error ? error.message : 'internal error';
}

function statusOf(error: unknown, request: Request): number {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof OrderRefused) return 422;
  if (!isJetsourceError(error)) return 500;
  if (error.code === 'wrong-expected-version') return request.headers['if-match'] === undefined ? 409 : 412;
  return STATUS[error.code] ?? 500;
}
