import { nameToken } from '../../jetstream/names/asset-name.js';

/** What a handler's durable consumer is named after. */
export interface DurableNameParts {
  readonly service: string;
  /** What the handler listens to, such as the pattern of its decorator or an event type. */
  readonly label: string;
  /** The handler's place among those of the same label. @default 0 */
  readonly index?: number | undefined;
}

/**
 * The name of a handler's durable consumer: the service's name and the label. Different labels give different
 * names, whatever characters they contain.
 */
export function durableName({ service, label, index = 0 }: DurableNameParts): string {
  return `${nameToken(service)}-${encode(label)}${index === 0 ? '' : `=${index + 1}`}`;
}

/** Dots become `_`, wildcards become words, and all other special characters become `=` and their code. */
function encode(label: string): string {
  return Array.from(label, encodeCharacter).join('');
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
