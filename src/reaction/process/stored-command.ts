import type { StoredCommandData } from '../../event/own-event-types.js';
import { copyPlainJson, PlainJsonFault } from '../../event/plain-json.js';
import { InvalidEventError } from '../../event/event-errors.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import type { CommandEncoder } from './process-ports.js';

/** Takes plain commands, `{ name, data }`. */
export const PLAIN_COMMANDS: CommandEncoder = {
  encode(command) {
    const { name, data = {}, ...others } = command as Partial<StoredCommandData>;
    const isPlain = typeof name === 'string' && name !== '' && Object.keys(others).length === 0;
    if (!isPlain || typeof data !== 'object' || Array.isArray(data)) {
      const allowed = 'a plain { name, data }, since no encoder of commands was given';
      throw new InvalidOptionError({ option: 'command', given: command, allowed });
    }
    return { name, data: plain(name, data) };
  },
};

function plain(name: string, data: StoredCommandData['data']): StoredCommandData['data'] {
  try {
    return copyPlainJson(data, { root: `the data of command ${name}` }) as StoredCommandData['data'];
  } catch (cause) {
    if (cause instanceof PlainJsonFault) throw new InvalidEventError(cause.message, { cause });
    throw cause;
  }
}
