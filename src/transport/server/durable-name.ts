import { nameToken } from '../../jetstream/names/asset-name.js';

/**
 * The name of a handler's durable consumer: the service's name and the pattern. Different patterns never give the same name, whatever is in them.
 *
 * @param index Place among the handlers of the same pattern.
 */
export function durableName(service: string, pattern: string, index = 0): string {
  return `${nameToken(service)}-${encode(pattern)}${index === 0 ? '' : `=${index + 1}`}`;
}

/** The name that @nestjs-plugins/nestjs-nats-jetstream-transport gave it, which is the same for some patterns that differ. */
export function legacyDurableName(service: string, pattern: string): string {
  return `${service}-${pattern.replaceAll('.', '_').replaceAll('*', '_ALL').replaceAll('>', '_ALL')}`;
}

/** Dots become `_`, wildcards say what they take in, and all else that is special is `=` and its code. */
function encode(pattern: string): string {
  return Array.from(pattern, encodeCharacter).join('');
}

function encodeCharacter(character: string): string {
  if (character === '.') return '_';
  if (character === '*') return '=any';
  if (character === '>') return '=rest';
  if (/[A-Za-z0-9-]/.test(character)) return character;
  return Array.from(
    Buffer.from(character),
    (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
