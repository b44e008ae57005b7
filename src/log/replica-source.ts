import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';

/** A mirror of the store's JetStream stream. It keeps sequences and times, so that checkpoints stay true. */
export interface ReplicaSource {
  /** Name of the mirror, a JetStream stream. */
  readonly stream: string;
  /** JetStream domain of the mirror. @default the connection's own */
  readonly domain?: string | undefined;
}

/** What is allowed where there are no mirrors to read from. */
export const NO_MIRRORS = 'absent: a store in memory has no mirrors';

/** A name as subjects of the JetStream API hold it: one token. */
const NAME = /^[^\s.*>/\\]{1,255}$/;

/**
 * Checks the options of a mirror, for callers without types.
 *
 * @param option What it is called in an error, such as `readFrom`.
 * @throws {@link InvalidOptionError} when it names no stream, or no domain.
 */
export function checkedReplica(option: string, given: ReplicaSource | undefined): ReplicaSource | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidOptionError({
      option,
      given,
      allowed: 'an object with stream, and domain where needed',
    });
  }
  checkKnownOptions(given, ['stream', 'domain'], `${option}.`);
  const { stream, domain } = given;
  for (const [part, name] of Object.entries({ stream, domain })) {
    if (typeof name === 'string' && NAME.test(name)) continue;
    if (name === undefined && part === 'domain') continue;
    const allowed = 'a name without white space, dots, wildcards and slashes';
    throw new InvalidOptionError({ option: `${option}.${part}`, given: name, allowed });
  }
  return { stream, domain };
}
