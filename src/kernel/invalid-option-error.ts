import { JetsourceError } from './jetsource-error.js';

/** An option has a value that cannot work. Nothing was sent. */
export class InvalidOptionError extends JetsourceError {
  readonly code = 'invalid-option';
  override readonly outcome = 'not-applied';
  override readonly name = 'InvalidOptionError';
  /** The option's path, such as `expect` or `deadlineMs`. */
  readonly option: string;
  /** What was given. */
  readonly given: unknown;

  constructor(details: { option: string; given: unknown; allowed: string }, options?: ErrorOptions) {
    super(`${details.option} must be ${details.allowed}; given: ${describeValue(details.given)}`, options);
    this.option = details.option;
    this.given = details.given;
  }
}

/** A value as an error message shows it. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'object';
  return String(value);
}
