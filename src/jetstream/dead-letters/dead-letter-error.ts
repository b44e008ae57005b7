/** What is kept of an error, in characters; and how many causes of causes. */
const LONGEST = { message: 8_000, stack: 8_000, field: 16_000 };
const MOST_CAUSES = 5;
/** Fields that have a place of their own. */
const OWN_PLACE: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** The error that ended the attempts. */
export interface DeadLetterError {
  /** The name of the error class. */
  readonly name: string;
  /** The message, of which at most 8,000 characters are kept. */
  readonly message: string;
  /** The stack, of which at most 8,000 characters are kept; undefined for a thrown value without one. */
  readonly stack: string | undefined;
  /**
   * The error's other fields as JSON has them, such as `code`, or the `response` of an `HttpException`, which
   * says what a `ValidationPipe` refused. Undefined for none.
   */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** The error's `cause`, and so on; at most 5. Undefined for none. */
  readonly cause?: DeadLetterError | undefined;
  /** The errors of an `AggregateError`, at most 5. Undefined for none. */
  readonly errors?: readonly DeadLetterError[] | undefined;
}

/** What was thrown, in the form that it is kept in. */
export function toDeadLetterError(thrown: unknown): DeadLetterError {
  return describeError(thrown, MOST_CAUSES);
}

/** The same without fields, causes and stack, for a letter that would be too large with them. */
export function shortError({ name, message }: DeadLetterError): DeadLetterError {
  return { name, message: clip(message, LONGEST.message / 8), stack: undefined };
}

function describeError(thrown: unknown, causes: number): DeadLetterError {
  if (typeof thrown !== 'object' || thrown === null)
    return { name: 'Error', message: clip(textOf(thrown), LONGEST.message), stack: undefined };
  const { name = 'Error', message, stack, cause, errors } = thrown as Partial<AggregateError>;
  const fields = message === undefined ? undefined : fieldsOf(thrown);
  return {
    name: String(name),
    message: clip(message === undefined ? textOf(thrown) : String(message), LONGEST.message),
    stack: stack === undefined ? undefined : clip(String(stack), LONGEST.stack),
    ...(fields !== undefined && { fields }),
    ...(cause !== undefined && causes > 0 && { cause: describeError(cause, causes - 1) }),
    ...(Array.isArray(errors) &&
      causes > 0 && { errors: errors.slice(0, MOST_CAUSES).map((each) => describeError(each, causes - 1)) }),
  };
}

function fieldsOf(thrown: object): Record<string, unknown> | undefined {
  const fields = Object.keys(thrown)
    .filter((key) => !OWN_PLACE.has(key))
    .map((key) => [key, plain(Reflect.get(thrown, key))] as const)
    .filter(([, value]) => value !== undefined);
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

/** A value as JSON has it; its text where JSON has none, or too much. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: clip(value.message, LONGEST.message) };
  const text = jsonOf(value);
  if (text === undefined) return undefined;
  return text.length > LONGEST.field ? clip(text, LONGEST.field) : (JSON.parse(text) as unknown);
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
  } catch {
    // a circle, or a toJSON that throws
    return JSON.stringify(String(value));
  }
}

function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return String(thrown);
  }
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
