import { jest } from '@jest/globals';
import { repository } from '../../src/aggregate/repository.js';
import { inMemoryEventStore } from '../../src/testing/in-memory/in-memory-event-store.js';
import { Order, ORDER_EVENTS } from './order.js';

describe('a store whose results are copied, as by a wrapper for logs', () => {
  it('leaves repositories their cache', async () => {
    const store = inMemoryEventStore({ events: ORDER_EVENTS });
    const append = store.append.bind(store);
    store.append = async (...args) => ({ ...(await append(...args)) });
    const orders = repository(store, Order);
    await orders.create('1', (order) => order.payIn(1));
    const loads = jest.spyOn(store, 'readCommits');
    for (let n = 2; n <= 10; n += 1) await orders.update('1', (order) => order.payIn(1));
    expect(loads).not.toHaveBeenCalled();
    expect((await orders.load('1')).balance).toBe(10);
  });

  it('keeps what a saved aggregate stands on', async () => {
    const store = inMemoryEventStore({ events: ORDER_EVENTS });
    const append = store.append.bind(store);
    store.append = async (...args) => ({ ...(await append(...args)) });
    const orders = repository(store, Order);
    const order = new Order('1');
    order.payIn(1);
    await orders.save(order, { id: '1' });
    order.payIn(2);
    expect(await orders.save(order)).toMatchObject({ version: 2, committed: true });
  });
});
