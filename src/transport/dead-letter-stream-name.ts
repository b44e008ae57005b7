import { nameToken } from './durable-name.js';
import { DEFAULT_SERVICE_NAME } from './transport-connection.js';

/** The stream that keeps a service's dead letters, where its options name no other. */
export function deadLetterStreamName(service: string = DEFAULT_SERVICE_NAME): string {
  return `${nameToken(service)}-dead-letters`;
}
