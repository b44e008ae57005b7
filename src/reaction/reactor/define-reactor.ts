import { isPlainEventType } from '../../event/plain-event-type.js';
import { checkCategories } from '../../event-store/replay/categories.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { lanesOption } from '../../lane/lane-slots.js';
import type { ReactorDefinition } from './reactor-definition.js';
import type { ReactorStart } from './reactor-start.js';

const OPTIONS: Record<keyof ReactorDefinition, true> = {
  name: true,
  events: true,
  categories: true,
  handle: true,
  maxAttempts: true,
  backoffMs: true,
  timeoutMs: true,
  concurrency: true,
  lanes: true,
  from: true,
};
/** It is part of the names of consumers, and of subjects. */
const NAME = /^[$A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const MOST_AT_A_TIME = 1_000;

/**
 * Defines a reactor: a durable handler of events that has effects elsewhere, such as sending a mail. It gets each
 * event at least once, those of one stream in order. {@link Reactors} run it.
 *
 * @throws {@link InvalidOptionError} for options that cannot work, or that do not exist.
 * @example
 * const welcome = defineReactor({
 *   name: 'welcome-mail',
 *   categories: ['customer'],
 *   events: [CustomerRegistered],
 *   handle: async (event) => mailer.welcome(event.data.address),
 * });
 */
export function defineReactor(options: ReactorDefinition): ReactorDefinition {
  if (typeof options !== 'object' || options === null) {
    const allowed = `an object with some of ${Object.keys(OPTIONS).join(', ')}`;
    throw new InvalidOptionError({ option: 'reactor', given: options, allowed });
  }
  checkKnownOptions(options, Object.keys(OPTIONS), 'reactor.');
  checkName(options.name);
  checkEvents(options.events);
  checkCategories(options.categories);
  if (typeof options.handle !== 'function')
    throw new InvalidOptionError({ option: 'reactor.handle', given: options.handle, allowed: 'a function' });
  checkAttempts(options);
  integerOption('reactor.concurrency', options.concurrency, { fallback: 1, max: MOST_AT_A_TIME });
  if (options.lanes !== undefined) lanesOption('reactor.lanes', options.lanes);
  checkStart(options.from);
  return Object.freeze({ ...options });
}

function checkName(given: unknown): void {
  if (typeof given === 'string' && NAME.test(given)) return;
  const allowed = 'a letter, then letters, digits, ., _ or -, 64 characters at most';
  throw new InvalidOptionError({ option: 'reactor.name', given, allowed });
}

function checkEvents(given: unknown): void {
  if (given === undefined) return;
  const isList = Array.isArray(given) && given.length > 0;
  if (isList && given.every((each) => typeof each === 'function' || isPlainEventType(each))) return;
  const allowed = 'a list of at least one event class or event type, or absent for all';
  throw new InvalidOptionError({ option: 'reactor.events', given, allowed });
}

function checkAttempts({ maxAttempts, backoffMs, timeoutMs }: ReactorDefinition): void {
  if (maxAttempts !== Infinity) integerOption('reactor.maxAttempts', maxAttempts, { fallback: 1 });
  integerOption('reactor.timeoutMs', timeoutMs, { fallback: 1, max: LONGEST_TIMER_MS });
  if (backoffMs === undefined) return;
  const isList = Array.isArray(backoffMs) && backoffMs.length > 0;
  const isPause = (ms: unknown): boolean =>
    Number.isSafeInteger(ms) && (ms as number) >= 0 && (ms as number) <= LONGEST_TIMER_MS;
  if (isList && backoffMs.every(isPause)) return;
  const allowed = 'a list of at least one integer of at least 0';
  throw new InvalidOptionError({ option: 'reactor.backoffMs', given: backoffMs, allowed });
}

function checkStart(from: ReactorStart | undefined): void {
  if (from === undefined || from === 'now' || from === 'beginning') return;
  if (typeof from === 'object' && from !== null && Object.keys(from).length === 1) {
    const { sequence, time } = from as { readonly sequence?: unknown; readonly time?: unknown };
    if (Number.isSafeInteger(sequence) && (sequence as number) >= 1) return;
    if (time instanceof Date && !Number.isNaN(time.getTime())) return;
  }
  const allowed = "'now', 'beginning', { sequence: an integer of at least 1 } or { time: a Date }";
  throw new InvalidOptionError({ option: 'reactor.from', given: from, allowed });
}

/** @throws {@link InvalidOptionError} for what is no list of reactors, or two of one name. */
export function reactorsByName(
  definitions: readonly ReactorDefinition[],
): ReadonlyMap<string, ReactorDefinition> {
  if (!Array.isArray(definitions)) {
    const allowed = 'a list of what defineReactor(…) returned';
    throw new InvalidOptionError({ option: 'definitions', given: definitions, allowed });
  }
  const named = new Map<string, ReactorDefinition>();
  for (const definition of definitions.map(defineReactor)) {
    if (named.has(definition.name)) {
      const allowed = 'a name that no other reactor of the service has';
      throw new InvalidOptionError({ option: 'reactor.name', given: definition.name, allowed });
    }
    named.set(definition.name, definition);
  }
  return named;
}
