import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventRegistrationError } from './event-errors.js';

/**
 * What a schema finds wrong with data, each fault with its path; undefined when nothing is.
 *
 * @throws {@link EventRegistrationError} when the schema answers by a promise.
 */
export function faultsIn(type: string, schema: StandardSchemaV1, data: object): string | undefined {
  const result = schema['~standard'].validate(data);
  if ('then' in result) {
    // nobody waits for what it comes to
    result.catch(() => undefined);
    throw new EventRegistrationError(
      `event type ${type}: its schema answers by a promise, but an event is judged at once; leave out what is asynchronous`,
    );
  }
  return result.issues?.map(describe).join('; ');
}

function describe({ path = [], message }: StandardSchemaV1.Issue): string {
  const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment));
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
}
