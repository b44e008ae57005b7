import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionNames, requireOptions } from '../check-option-names.js';
import type { ConsumerOptions, NatsConsumerOptions } from '../consumer-options.js';
import { fromLegacyConsumerOptions } from '../legacy/legacy-consumer-options.js';

/** What an option may be. */
interface Rule {
  readonly allowed: string;
  readonly isMet: (value: unknown) => boolean;
}

const NAME: Rule = {
  allowed: 'a text that is not empty',
  isMet: (value) => typeof value === 'string' && value !== '',
};
const FLAG: Rule = { allowed: 'true or false', isMet: (value) => typeof value === 'boolean' };
const LITERAL = subject('a subject without wildcards', /^[^\s.*>]+(\.[^\s.*>]+)*$/);
const COUNT = integer(1);

const RULES: Record<keyof ConsumerOptions, Rule> = {
  durable: { allowed: 'a name, true or false', isMet: (value) => FLAG.isMet(value) || NAME.isMet(value) },
  stream: NAME,
  bind: FLAG,
  deliverPolicy: oneOf('all', 'last', 'new', 'by_start_sequence', 'by_start_time', 'last_per_subject'),
  startSequence: COUNT,
  startAtTimeDelta: integer(0),
  startTime: {
    allowed: 'a valid Date',
    isMet: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  },
  deliverTo: LITERAL,
  deliverToSubject: LITERAL,
  deliverGroup: NAME,
  ackPolicy: oneOf('explicit', 'all', 'none'),
  ackWait: integer(10, LONGEST_TIMER_MS),
  maxAckPending: COUNT,
  replayPolicy: oneOf('instant', 'original'),
  maxDeliver: {
    allowed: 'an integer of at least 1, or -1 for no limit',
    isMet: (value) => value === -1 || COUNT.isMet(value),
  },
  backoff: {
    allowed: 'at least one time, each in milliseconds',
    isMet: (value) =>
      Array.isArray(value) && value.length > 0 && value.every(integer(0, LONGEST_TIMER_MS).isMet),
  },
  filterSubject: subject('a subject', /^[^\s.]+(\.[^\s.]+)*$/),
  sample: {
    allowed: 'a percentage from 0 to 100',
    isMet: (value) => Number(value) >= 0 && Number(value) <= 100,
  },
  idleHeartbeat: integer(100, 15_000),
  flowControl: FLAG,
  maxWaiting: COUNT,
  maxMessages: COUNT,
  manualAck: FLAG,
  limit: COUNT,
  description: { allowed: 'a text', isMet: (value) => typeof value === 'string' },
  orderedConsumer: FLAG,
  headersOnly: FLAG,
  handlerTimeout: integer(1, LONGEST_TIMER_MS),
  concurrency: integer(1, 10_000),
  orderedBy: {
    allowed: '"subject", or a function of the message',
    isMet: (value) => value === 'subject' || typeof value === 'function',
  },
};

/**
 * A caller's options under their names of today. Options that do not exist, and values that cannot work, are
 * refused.
 *
 * @param path Where the options were given, such as `consumerOptions`.
 * @throws {@link InvalidOptionError} naming the option.
 */
export function toConsumerOptions(given: NatsConsumerOptions, path: string): ConsumerOptions {
  requireOptions(given, RULES, path);
  const options = fromLegacyConsumerOptions(given);
  checkOptionNames(options, RULES, path);
  for (const [option, value] of Object.entries(options)) {
    const { allowed, isMet } = RULES[option as keyof ConsumerOptions];
    if (value !== undefined && !isMet(value))
      throw new InvalidOptionError({ option: `${path}.${option}`, given: value, allowed });
  }
  return options;
}

function integer(min: number, max = Number.MAX_SAFE_INTEGER): Rule {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const isMet = (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return { allowed: `an integer ${range}`, isMet };
}

function oneOf(...values: string[]): Rule {
  return { allowed: `one of ${values.join(', ')}`, isMet: (value) => values.includes(value as string) };
}

function subject(allowed: string, form: RegExp): Rule {
  return { allowed, isMet: (value) => typeof value === 'string' && form.test(value) };
}
