import { InvalidOptionError } from '../kernel/invalid-option-error.js';

/** A class of errors. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Classes of errors that refuse a request, with 422 or the status in the map. */
export type Refusals = readonly ErrorClass[] | ReadonlyMap<ErrorClass, number>;

const UNPROCESSABLE = 422;

/** The status of a refusal, by the nearest of its classes; undefined for an error that is none. */
export function statusOfRefusal(error: unknown, refusals: Refusals = []): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const statuses = new Map(entriesOf(refusals));
  for (
    let type: unknown = error.constructor;
    typeof type === 'function';
    type = Object.getPrototypeOf(type)
  ) {
    const status = statuses.get(type as ErrorClass);
    if (status !== undefined) return status;
  }
  return undefined;
}

/** @throws {@link InvalidOptionError} when something is no class of errors, or has no status of an error. */
export function checkRefusals(given: Refusals = []): void {
  if (!Array.isArray(given) && !(given instanceof Map)) {
    const allowed = 'a list of error classes, or a map from error class to status';
    throw new InvalidOptionError({ option: 'refusals', given, allowed });
  }
  for (const [type, status] of entriesOf(given)) {
    if (!isErrorClass(type))
      throw new InvalidOptionError({ option: 'refusals', given: type, allowed: 'classes that extend Error' });
    if (!Number.isInteger(status) || status < 400 || status > 599)
      throw new InvalidOptionError({
        option: `refusals (${type.name})`,
        given: status,
        allowed: 'a status of HTTP from 400 to 599',
      });
  }
}

function entriesOf(refusals: Refusals): readonly (readonly [ErrorClass, number])[] {
  return isList(refusals) ? refusals.map((type) => [type, UNPROCESSABLE] as const) : [...refusals];
}

function isList(refusals: Refusals): refusals is readonly ErrorClass[] {
  return Array.isArray(refusals);
}

function isErrorClass(type: unknown): boolean {
  if (typeof type !== 'function') return false;
  return type === Error || type.prototype instanceof Error;
}
