import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkOptionsObject } from '../checked-options.js';

/** A mirror of the store's JetStream stream. It keeps sequences and times, so that checkpoints stay true. */
export interface ReplicaSource {
  /** Name of the mirror, a JetStream stream. */
  readonly stream: string;
  /** JetStream domain of the mirror. @default the connection's own */
  readonly domain?: string | undefined;
}

/** @throws {@link InvalidOptionError} when it names no stream. */
export function checkedReplica(given: ReplicaSource | undefined): ReplicaSource | undefined {
  if (given === undefined) return undefined;
  const prefix = 'projection.readFrom.';
  checkOptionsObject(given, { object: 'projection.readFrom', prefix, known: ['stream', 'domain'] });
  const { stream, domain } = given;
  for (const [option, name] of Object.entries({ stream, domain })) {
    if (typeof name === 'string' && name !== '') continue;
    if (name === undefined && option === 'domain') continue;
    throw new InvalidOptionError({ option: `${prefix}${option}`, given: name, allowed: 'a name' });
  }
  return { stream, domain };
}
