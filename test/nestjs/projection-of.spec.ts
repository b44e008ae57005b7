import 'reflect-metadata';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import { On } from '../../src/nestjs/projection/on.decorator.js';
import { projectionOf } from '../../src/nestjs/projection/projection-of.js';
import { LiveProjection, Projection } from '../../src/nestjs/projection/projection.decorator.js';
import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { projectionSpecification } from '../../src/testing/projection/projection-specification.js';
import { OrderPlaced } from '../projection/orders.js';

@Projection({ name: 'order-list', table: 'order_list', key: (event) => event.stream.id })
class OrderList {
  @On(OrderPlaced)
  placed(_: unknown, { data }: RecordedEvent<OrderPlaced>): object {
    return { customer: data.customer };
  }
}

@Projection({ name: 'customers' })
class Customers {
  async clear(model: Map<string, number>): Promise<void> {
    model.clear();
  }

  @On(OrderPlaced)
  placed({ data }: RecordedEvent<OrderPlaced>, model: Map<string, number>): void {
    model.set(data.customer, data.amount);
  }
}

@LiveProjection({ name: 'live-count' })
class LiveCount {
  count = 0;

  reset(): void {
    this.count = 0;
  }

  @On(OrderPlaced)
  placed(): void {
    this.count += 1;
  }
}

class Undecorated {
  reset(): void {
    // nothing
  }
}

describe('the definition of a projection class, in a specification', () => {
  it('folds into rows', async () => {
    const orderList = projectionOf(new OrderList(), { store: inMemoryProjectionStore() });
    expect(
      await projectionSpecification(orderList)
        .given('order/42', [new OrderPlaced('ada')])
        .thenRows('order_list', [{ id: '42', customer: 'ada' }]),
    ).toBeUndefined();
  });

  it('folds by statements', async () => {
    const store = inMemoryProjectionStore(new Map<string, number>());
    const spec = projectionSpecification(projectionOf(new Customers(), { store }));
    expect(
      await spec.given('order/42', [new OrderPlaced('ada', 7)]).thenModel((model) => model.get('ada') === 7),
    ).toBeUndefined();
  });

  it('folds into the instance of a live one', async () => {
    const spec = projectionSpecification(projectionOf(new LiveCount()));
    expect(
      await spec.given('order/42', [new OrderPlaced('ada')]).thenModel(({ count }) => count === 1),
    ).toBeUndefined();
    expect(
      await spec.given('order/42', [new OrderPlaced('ada')]).thenRepeatable(({ count }) => count),
    ).toBeUndefined();
  });

  it('is refused for what cannot be run', () => {
    expect(() => projectionOf(new Undecorated())).toThrow('Undecorated');
    expect(() => projectionOf(new OrderList() as never)).toThrow('give the option store of projectionOf');
    const store = inMemoryProjectionStore();
    expect(() => projectionOf(new LiveCount(), { store })).toThrow('a live projection has no store');
  });
});
