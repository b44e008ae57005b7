import { describeValue } from '../../kernel/invalid-option-error.js';
import { InvalidAggregateError } from '../aggregate-errors.js';
import type { Decider } from './decider.js';
import type { AggregateClass } from './event-sourced-aggregate.js';

const EXPECTED =
  'give a class with getUncommittedEvents(), loadFromHistory(history) and uncommit(), such as one that extends AggregateRoot, ' +
  'or a decider { initialState, decide, evolve }';

const METHODS = ['getUncommittedEvents', 'loadFromHistory', 'uncommit'];

/** @throws {@link InvalidAggregateError} when it is neither a class nor a decider. */
export function checkAggregate(
  given: unknown,
): asserts given is AggregateClass | Decider<unknown, object, unknown> {
  if (typeof given === 'function') checkClass(given);
  else checkDecider(given);
}

/**
 * Checked on an instance, since a class may have its methods as fields.
 *
 * @throws {@link InvalidAggregateError} naming the methods that an instance of an aggregate class lacks.
 */
export function checkInstance(aggregate: object, name: string): void {
  const missing = METHODS.filter((method) => !isFunction(aggregate, method));
  if (missing.length === 0) return;
  throw new InvalidAggregateError({ aggregate: name, reason: `has no ${missing.join(', ')}; ${EXPECTED}` });
}

function checkClass(given: { readonly name: string; readonly prototype?: unknown }): void {
  // arrow functions and methods have none
  if (typeof given.prototype === 'object') return;
  const aggregate = `the function ${given.name || 'without a name'}`;
  throw new InvalidAggregateError({ aggregate, reason: `is no class; ${EXPECTED}` });
}

function checkDecider(given: unknown): void {
  if (typeof given !== 'object' || given === null) {
    const hint = given === undefined ? ' (an import in a circle is undefined at first)' : '';
    const reason = `is no aggregate${hint}; ${EXPECTED}`;
    throw new InvalidAggregateError({ aggregate: describeValue(given), reason });
  }
  const missing = [
    ...('initialState' in given ? [] : ['initialState']),
    ...['decide', 'evolve'].filter((part) => !isFunction(given, part)),
  ];
  if (missing.length === 0) return;
  throw new InvalidAggregateError({
    aggregate: 'a decider',
    reason: `has no ${missing.join(', ')}; ${EXPECTED}`,
  });
}

function isFunction(holder: object, name: string): boolean {
  return typeof (holder as Record<string, unknown>)[name] === 'function';
}
