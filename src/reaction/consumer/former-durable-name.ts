import { nameToken } from '../../jetstream/names/asset-name.js';
import { durableName } from './durable-name.js';

/** What an earlier version named a handler's durable consumer after. */
export interface FormerDurableNameParts {
  readonly service: string;
  readonly label: string;
  /** The handler's place in the order of registration among those of the same label; the first is 0. */
  readonly place: number;
}

/**
 * The name that earlier versions gave a durable consumer. It is the same for some different services, and
 * changes with the order of the handlers.
 */
export function formerDurableName({ service, label, place }: FormerDurableNameParts): string {
  const name = durableName({ service: nameToken(service), label });
  return place === 0 ? name : `${name}=${place + 1}`;
}
