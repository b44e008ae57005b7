import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventRegistrationError } from './event-errors.js';

/**
 * Validates data. Returns the faults with their paths as text, or undefined if there are none.
 *
 * @throws {@link EventRegistrationError} when the schema is asynchronous.
 */
export function faultsIn(type: string, schema: StandardSchemaV1, data: object): string | undefined {
  const result = schema['~standard'].validate(data);
  if ('then' in result) {
    // prevents an unhandled rejection
    result.catch(() => undefined);
    throw new EventRegistrationError(
      `event type ${type}: its schema is asynchronous, but events are validated synchronously; remove the asynchronous parts`,
    );
  }
  return result.issues?.map(describe).join('; ');
}

function describe({ path = [], message }: StandardSchemaV1.Issue): string {
  const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment));
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
}
