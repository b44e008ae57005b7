import type { HttpException } from '@nestjs/common';
import type { JsonValue } from '../event/json-value.js';
import type { ProblemAnswer } from './problem-answer.js';

/** Members of the bodies that Nest makes, which problem details have under other names. */
const OF_NEST = ['statusCode', 'message', 'error'];
const OF_PROBLEMS = ['type', 'title', 'status', 'instance'];

/**
 * What an HttpException says as problem details: its message is the detail, several messages, as those of a
 * validation, are `errors`. Members of a body of your own are kept.
 */
export function problemOfHttpException(exception: HttpException): ProblemAnswer {
  const [status, response] = [exception.getStatus(), exception.getResponse()];
  if (typeof response === 'string') return { status, detail: response };
  const { message, ...own } = response as Readonly<Record<string, JsonValue | undefined>>;
  const reserved = [...OF_NEST, ...OF_PROBLEMS];
  const members = Object.fromEntries(Object.entries(own).filter(([name]) => !reserved.includes(name)));
  if (Array.isArray(message)) return { status, members: { errors: message, ...members } };
  return { status, ...(typeof message === 'string' && { detail: message }), members };
}
