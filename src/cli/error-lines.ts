import type { DeadLetterError } from '../jetstream/dead-letters/dead-letter-error.js';

/** An error for a person: its stack, its other fields, and its causes. */
export function errorLines(error: DeadLetterError): string[] {
  const { name, message, stack, fields, cause, errors = [] } = error;
  return [
    stack ?? `${name}: ${message}`,
    ...(fields === undefined ? [] : [JSON.stringify(fields, undefined, 2)]),
    ...(cause === undefined ? [] : ['caused by:', ...errorLines(cause)]),
    ...errors.flatMap((each) => ['one of its errors:', ...errorLines(each)]),
  ];
}
