import { Inject } from '@nestjs/common';
import { checkAggregate } from '../aggregate/model/aggregate-kind.js';

const DEFAULT_STORE = '';
const tokens = new WeakMap<object, Map<string, symbol>>();

/**
 * The token under which `JetsourceModule.forFeature` provides the repository of an aggregate class or a
 * decider, in the store of that alias.
 *
 * @throws {@link InvalidAggregateError} when it is neither.
 */
export function repositoryToken(aggregate: object, alias = DEFAULT_STORE): symbol {
  checkAggregate(aggregate);
  const ofAggregate = tokens.get(aggregate) ?? new Map<string, symbol>();
  tokens.set(aggregate, ofAggregate);
  const name = typeof aggregate === 'function' ? aggregate.name : 'decider';
  const place = alias === DEFAULT_STORE ? '' : ` in ${alias}`;
  const token = ofAggregate.get(alias) ?? Symbol(`Repository<${name}>${place}`);
  ofAggregate.set(alias, token);
  return token;
}

/**
 * Injects the repository of an aggregate class or a decider that `JetsourceModule.forFeature` provides.
 *
 * @param alias Alias of the store, as given to `forFeature([Order], 'billing')`.
 * @default the store without an alias
 * @throws {@link InvalidAggregateError} when it is neither a class nor a decider.
 * @example
 * constructor(\@InjectRepository(Order) private readonly orders: Repository<Order>) {}
 */
export function InjectRepository(aggregate: object, alias?: string): ParameterDecorator & PropertyDecorator {
  return Inject(repositoryToken(aggregate, alias));
}
