import { STATUS_CODES } from 'node:http';
import { isJetsourceError } from '../errors/any-jetsource-error.js';
import type { JsonValue } from '../event/json-value.js';
import type { Outcome } from '../kernel/jetsource-error.js';
import { answerOf } from './answer-of-error.js';
import type { ProblemAnswer } from './problem-answer.js';
import { checkProblemOptions, type ProblemOptions } from './problem-options.js';
import { statusOfRefusal } from './refusals.js';

/** Problem details of an error as RFC 9457 defines them, with members of jetsource. */
export interface ProblemBody {
  /** The kind of problem: `typeBase` and the code, else `about:blank`, which says that `status` is the kind. */
  readonly type: string;
  /** The name of the status. */
  readonly title: string;
  /** Status of the response. */
  readonly status: number;
  /** What happened, for people; absent where it would tell of the inside of the service. */
  readonly detail?: string;
  /** What the request was for. */
  readonly instance?: string;
  /** Which error it is: the `code` of an error of jetsource, the `code` or name of a refusal. Absent from a 500. */
  readonly code?: string;
  /** What became of the data of the request; absent where none were at stake. */
  readonly outcome?: Outcome;
  /** Whether the same request, unchanged, is expected to succeed later. Only so where nothing was stored. */
  readonly retryable?: boolean;
  /** Of a conflict `stream`, `expected`, `actual` or `violations`; of a wait `pending` and `lagSeconds`; others. */
  readonly [member: string]: JsonValue | undefined;
}

/** The response to a request that failed. */
export interface ProblemDetails {
  /** Status of the response. */
  readonly status: number;
  /** In lower case: `content-type`, and `retry-after` in seconds where the request may be repeated soon. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be sent as JSON. */
  readonly body: ProblemBody;
}

/**
 * The HTTP response to an error of jetsource, or to a refusal that `refusals` lists: RFC 9457 problem details,
 * without a stack, and without details of what happens inside of the service. `JetsourceExceptionFilter` does
 * this in NestJS.
 *
 * - 404: the aggregate, or the dead letter, does not exist.
 * - 409: a conflict; 412 where the request is conditional (`isConditional`).
 * - 400 and 422: an option, an id or an event that cannot be; a refusal; a command id that was used otherwise.
 * - 410: what was to be repeated has been removed. 413: it is larger than the server takes.
 * - 503: the store, another service or a read model is not available. Nothing was stored. With `Retry-After`,
 *   unless somebody has to act first.
 * - 504: it is not known whether the data were stored. No 503, which clients and proxies repeat by themselves:
 *   only who repeats with the same command id does no harm.
 * - 500: all others.
 *
 * @returns Undefined for an error that is none of these: answer 500 to it.
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
 * @example
 * const problem = problemDetails(error, { refusals: [OrderRefused], instance: request.path });
 * if (problem === undefined) throw error;
 * response.writeHead(problem.status, problem.headers).end(JSON.stringify(problem.body));
 */
export function problemDetails(error: unknown, options: ProblemOptions = {}): ProblemDetails | undefined {
  checkProblemOptions(options);
  const refused = statusOfRefusal(error, options.refusals);
  if (refused !== undefined) return toProblem(answerOfRefusal(error as Error, refused), options);
  if (!isJetsourceError(error)) return undefined;
  const { status, ...answer } = answerOf(error);
  const isStale = options.isConditional === true && error.code === 'wrong-expected-version';
  const { code, outcome } = error;
  const members = {
    ...(status !== 500 && { code }),
    ...(outcome !== undefined && { outcome }),
    retryable: status === 503,
    ...answer.members,
  };
  return toProblem({ ...answer, status: isStale ? 412 : status, members }, options);
}

/** The response that an answer makes. */
export function toProblem(
  { status, detail, retryAfterSeconds, members }: ProblemAnswer,
  { instance, typeBase }: Pick<ProblemOptions, 'instance' | 'typeBase'>,
): ProblemDetails {
  const code = members?.['code'];
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: {
      type: typeBase !== undefined && typeof code === 'string' ? `${typeBase}${code}` : 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      ...(detail !== undefined && detail !== '' && { detail }),
      ...(instance !== undefined && { instance }),
      ...members,
    },
  };
}

function answerOfRefusal(refusal: Error, status: number): ProblemAnswer {
  const { code } = refusal as { readonly code?: unknown };
  // a class that does not set its name inherits that of Error
  const name = refusal.name === Error.prototype.name ? refusal.constructor.name : refusal.name;
  const members = { code: typeof code === 'string' ? code : name, retryable: false };
  return { status, detail: refusal.message, members };
}
