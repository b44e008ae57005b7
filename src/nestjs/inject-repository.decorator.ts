import { Inject } from '@nestjs/common';
import type { AggregateClass } from '../aggregate/event-sourced-aggregate.js';

const tokens = new WeakMap<AggregateClass, symbol>();

/** The token under which `JetsourceModule.forFeature` provides the repository of an aggregate class. */
export function repositoryToken(aggregateClass: AggregateClass): symbol {
  const token = tokens.get(aggregateClass) ?? Symbol(`Repository<${aggregateClass.name}>`);
  tokens.set(aggregateClass, token);
  return token;
}

/**
 * Injects the repository of an aggregate class that a module got by `JetsourceModule.forFeature([Order])`.
 *
 * @example
 * constructor(\@InjectRepository(Order) private readonly orders: Repository<Order>) {}
 */
export function InjectRepository(aggregateClass: AggregateClass): ParameterDecorator & PropertyDecorator {
  return Inject(repositoryToken(aggregateClass));
}
