import { Inject } from '@nestjs/common';
import type { AggregateClass } from '../aggregate/event-sourced-aggregate.js';

const DEFAULT_STORE = '';
const tokens = new WeakMap<AggregateClass, Map<string, symbol>>();

/** The token under which `JetsourceModule.forFeature` provides the repository of an aggregate class, in the store of that alias. */
export function repositoryToken(aggregateClass: AggregateClass, alias = DEFAULT_STORE): symbol {
  const ofClass = tokens.get(aggregateClass) ?? new Map<string, symbol>();
  tokens.set(aggregateClass, ofClass);
  const store = alias === DEFAULT_STORE ? '' : ` in ${alias}`;
  const token = ofClass.get(alias) ?? Symbol(`Repository<${aggregateClass.name}>${store}`);
  ofClass.set(alias, token);
  return token;
}

/**
 * Injects the repository of an aggregate class that a module got by `JetsourceModule.forFeature([Order])`; with an alias, by
 * `forFeature([Order], 'billing')`.
 *
 * @example
 * constructor(\@InjectRepository(Order) private readonly orders: Repository<Order>) {}
 */
export function InjectRepository(
  aggregateClass: AggregateClass,
  alias?: string,
): ParameterDecorator & PropertyDecorator {
  return Inject(repositoryToken(aggregateClass, alias));
}
