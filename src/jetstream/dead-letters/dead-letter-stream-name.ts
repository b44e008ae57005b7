import { nameToken } from '../names/asset-name.js';

/** The stream that keeps a service's dead letters, where its options name no other. */
export function deadLetterStreamName(service: string): string {
  return `${nameToken(service)}-dead-letters`;
}
