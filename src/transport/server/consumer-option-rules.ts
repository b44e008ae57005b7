import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { LONGEST_TIMER_MS } from '../../kernel/options.js';
import type { NatsConsumerOptions } from './consumer-options.js';

type Option = keyof NatsConsumerOptions;

/** What an option may be. */
interface Rule {
  readonly allowed: string;
  readonly isMet: (value: unknown) => boolean;
}

/** Options that only a push consumer has. */
export const PUSH_OPTIONS = [
  'deliverTo',
  'deliverToSubject',
  'deliverGroup',
  'flowControl',
  'limit',
] as const;

const NAME: Rule = {
  allowed: 'a text that is not empty',
  isMet: (value) => typeof value === 'string' && value !== '',
};
const FLAG: Rule = { allowed: 'true or false', isMet: (value) => typeof value === 'boolean' };
const LITERAL = subject('a subject without wildcards', /^[^\s.*>]+(\.[^\s.*>]+)*$/);
const COUNT = integer(1);
const START = oneOf('all', 'last', 'new', 'by_start_sequence', 'by_start_time', 'last_per_subject');

const RULES: Record<Option, Rule> = {
  durable: { allowed: 'a name, true or false', isMet: (value) => FLAG.isMet(value) || NAME.isMet(value) },
  stream: NAME,
  bind: FLAG,
  deliverPolicy: START,
  deliveryPolicy: START,
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
    allowed: 'an integer of at least 1, or -1 for no end',
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
  maxwaiting: COUNT,
  maxMessages: COUNT,
  manualAck: FLAG,
  limit: COUNT,
  description: { allowed: 'a text', isMet: (value) => typeof value === 'string' },
  orderedConsumer: FLAG,
  headersOnly: FLAG,
  concurrency: integer(1, 10_000),
  orderedBy: {
    allowed: '"subject", or a function of the message',
    isMet: (value) => value === 'subject' || typeof value === 'function',
  },
};

/** Options that exclude each other whatever they say, and why. */
const EXCLUDE: readonly (readonly [Option, Option, string])[] = [
  ['deliverPolicy', 'deliveryPolicy', 'they are the same'],
  ['maxWaiting', 'maxwaiting', 'they are the same'],
  ['startSequence', 'startTime', 'a consumer has one start'],
  ['startSequence', 'startAtTimeDelta', 'a consumer has one start'],
  ['startTime', 'startAtTimeDelta', 'a consumer has one start'],
  ['deliverTo', 'deliverToSubject', 'a consumer delivers to one subject'],
  ...PUSH_OPTIONS.flatMap((push) =>
    (['maxWaiting', 'maxwaiting'] as const).map((waiting) => {
      return [waiting, push, 'that is for pulls, and the other asks for push'] as const;
    }),
  ),
  ['idleHeartbeat', 'deliverGroup', 'only one of the group would hear the heartbeats'],
  ['flowControl', 'deliverGroup', 'only one of the group would be asked'],
];

/**
 * Refuses options that cannot work, alone or together.
 *
 * @throws {@link InvalidOptionError} naming the option, and the other one where there is one.
 */
export function checkConsumerOptions(options: NatsConsumerOptions, prefix: string): void {
  for (const [option, value] of Object.entries(options)) {
    const rule = (RULES as Record<string, Rule | undefined>)[option];
    const named = { option: `${prefix}${option}`, given: value };
    if (rule === undefined)
      throw new InvalidOptionError({ ...named, allowed: `one of ${Object.keys(RULES).join(', ')}` });
    if (value !== undefined && !rule.isMet(value))
      throw new InvalidOptionError({ ...named, allowed: rule.allowed });
  }
}

/**
 * Refuses options that cannot work together.
 *
 * @throws {@link InvalidOptionError} with both names.
 */
export function refuseConflicts(options: NatsConsumerOptions): void {
  for (const [one, other, reason] of EXCLUDE) {
    if (isGiven(options, one) && isGiven(options, other))
      refuse(options, one, `absent when ${other} is given: ${reason}`);
  }
  const { ackPolicy, orderedConsumer, durable, flowControl } = options;
  if (options.bind === true && durable === false)
    refuse(options, 'bind', 'absent when durable is false: a broadcast has no name');
  if (durable === false && isGiven(options, 'deliverGroup'))
    refuse(options, 'deliverGroup', 'absent when durable is false: a broadcast is shared with nobody');
  if (flowControl === true && !isGiven(options, 'idleHeartbeat'))
    refuse(options, 'flowControl', 'absent without idleHeartbeat, on which the server insists');
  if (ackPolicy === 'none') refuseUnacknowledged(options);
  const single =
    orderedConsumer === true ? 'orderedConsumer' : ackPolicy === 'all' ? 'ackPolicy all' : undefined;
  if (single !== undefined && (options.concurrency ?? 1) > 1)
    refuse(options, 'concurrency', `1 when ${single} is given: it handles one event at a time`);
  if (orderedConsumer === true && (options.maxAckPending ?? 1) > 1)
    refuse(options, 'maxAckPending', '1 when orderedConsumer is given: it handles one event at a time');
  refuseStart(options);
}

/** Whether an option is there and does not say no. */
export function isGiven(options: NatsConsumerOptions, option: Option): boolean {
  return options[option] !== undefined && options[option] !== false;
}

function refuseUnacknowledged(options: NatsConsumerOptions): void {
  if (options.manualAck === true)
    refuse(options, 'manualAck', 'absent when ackPolicy is none: nothing is acknowledged');
  if (isGiven(options, 'maxDeliver'))
    refuse(options, 'maxDeliver', 'absent when ackPolicy is none: nothing comes twice');
  if (options.orderedConsumer === true)
    refuse(
      options,
      'ackPolicy',
      'explicit when orderedConsumer is given: the next event waits for the acknowledgement',
    );
}

function refuseStart(options: NatsConsumerOptions): void {
  const option = options.deliverPolicy === undefined ? 'deliveryPolicy' : 'deliverPolicy';
  const policy = options[option];
  const start = (['startSequence', 'startTime', 'startAtTimeDelta'] as const).find((name) =>
    isGiven(options, name),
  );
  const byStart = start === 'startSequence' ? 'by_start_sequence' : 'by_start_time';
  if (start !== undefined && policy !== undefined && policy !== byStart)
    refuse(options, option, `${byStart}, or absent, when ${start} is given`);
  if (start === undefined && policy === 'by_start_sequence')
    refuse(options, option, 'another without startSequence');
  if (start === undefined && policy === 'by_start_time')
    refuse(options, option, 'another without startTime or startAtTimeDelta');
}

function refuse(options: NatsConsumerOptions, option: Option, allowed: string): never {
  throw new InvalidOptionError({ option, given: options[option], allowed });
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
