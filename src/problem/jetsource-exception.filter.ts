import {
  type ArgumentsHost,
  Catch,
  HttpException,
  Inject,
  Logger,
  Optional,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { problemOfHttpException } from './http-exception-problem.js';
import { type ProblemDetails, problemDetails, toProblem } from './problem-details.js';
import { checkProblemOptions, type ProblemOptions } from './problem-options.js';

/** Options of {@link JetsourceExceptionFilter}. */
export interface JetsourceExceptionFilterOptions extends Pick<ProblemOptions, 'refusals' | 'typeBase'> {
  /**
   * What becomes of Nest's own HttpExceptions, and of errors that are nobody's: the body that Nest makes of them, or
   * problem details.
   *
   * @default 'nest'
   */
  readonly others?: 'nest' | 'problem-details' | undefined;
}

/** The token of the options of a filter that Nest creates: `@UseFilters(JetsourceExceptionFilter)`. */
const OPTIONS = Symbol.for('jetsource.exception-filter.options');

interface HttpRequest {
  readonly headers?: Readonly<Record<string, unknown>>;
}

/**
 * Answers HTTP requests that failed with RFC 9457 problem details: to the errors of jetsource, and to those that
 * your own code refuses a request with. {@link problemDetails} lists the statuses. The member `instance` is the path
 * of the request. Errors of 500 and above are logged, and their messages are not sent. A request with `If-Match` gets
 * 412 for a wrong version.
 *
 * Other errors are left to Nest, and so are all errors outside of HTTP. Do not use it for a WebSocket gateway, where
 * Nest leaves the response to the filter: the error is only logged.
 *
 * Works with Express and Fastify.
 *
 * @example
 * \@Module({ providers: [JetsourceExceptionFilter.provider({ refusals: [OrderRefused] })] })
 * class ShopModule {}
 *
 * @example
 * app.useGlobalFilters(new JetsourceExceptionFilter(app.get(HttpAdapterHost), { refusals: [OrderRefused] }));
 */
@Catch()
export class JetsourceExceptionFilter extends BaseExceptionFilter {
  readonly #options: JetsourceExceptionFilterOptions;
  readonly #logger = new Logger('Jetsource');

  /** @throws {@link InvalidOptionError} when an option does not exist or cannot work. */
  constructor(
    @Inject(HttpAdapterHost) protected override readonly httpAdapterHost: HttpAdapterHost,
    @Optional() @Inject(OPTIONS) options?: JetsourceExceptionFilterOptions,
  ) {
    super();
    this.#options = checked(options ?? {});
  }

  /**
   * A provider that applies the filter to all routes of the application.
   *
   * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
   */
  static provider(options: JetsourceExceptionFilterOptions = {}): Provider {
    checked(options);
    return {
      provide: APP_FILTER,
      inject: [HttpAdapterHost],
      useFactory: (host: HttpAdapterHost) => new JetsourceExceptionFilter(host, options),
    };
  }

  override catch(exception: unknown, host: ArgumentsHost): void {
    const type = host.getType();
    if (type === 'ws') this.#logger.error(exception);
    // nothing is returned: then Nest does what it does without a filter
    if (type !== 'http') return;
    const problem = this.#problemOf(exception, host);
    // oxlint-disable-next-line promise/valid-params -- no promise, but the method of a filter
    if (problem === undefined) super.catch(exception, host);
    else this.#reply(problem, exception, host);
  }

  #problemOf(exception: unknown, host: ArgumentsHost): ProblemDetails | undefined {
    const request = host.switchToHttp().getRequest<HttpRequest>();
    const { others = 'nest', refusals, typeBase } = this.#options;
    const instance = pathOf(this.httpAdapterHost.httpAdapter.getRequestUrl(request));
    const isConditional = request.headers?.['if-match'] !== undefined;
    const problem = problemDetails(exception, { refusals, typeBase, instance, isConditional });
    if (problem !== undefined || others === 'nest') return problem;
    if (exception instanceof HttpException)
      return toProblem(problemOfHttpException(exception), { instance, typeBase });
    // such as that of a body parser
    if (!this.isHttpError(exception)) return toProblem({ status: 500 }, { instance, typeBase });
    const { statusCode: status, message } = exception;
    return toProblem({ status, ...(status < 500 && { detail: message }) }, { instance, typeBase });
  }

  #reply({ status, headers, body }: ProblemDetails, exception: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.httpAdapterHost;
    const response = host.switchToHttp().getResponse<unknown>();
    if (status >= 500 && !(exception instanceof HttpException)) this.#logger.error(exception);
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, body, status);
  }
}

function checked({ others, ...options }: JetsourceExceptionFilterOptions): JetsourceExceptionFilterOptions {
  if (others !== undefined && others !== 'nest' && others !== 'problem-details') {
    const allowed = "'nest' or 'problem-details'";
    throw new InvalidOptionError({ option: 'others', given: others, allowed });
  }
  checkProblemOptions(options);
  return { ...options, others };
}

/** The query may hold what is nobody else's business. */
function pathOf(url: unknown): string | undefined {
  return typeof url === 'string' ? url.split('?', 1)[0] : undefined;
}
