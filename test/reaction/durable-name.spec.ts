import fc from 'fast-check';
import { durableName } from '../../src/reaction/consumer/durable-name.js';

describe('the name of a durable consumer', () => {
  it.each([
    ['order.created', 'shop-order_created'],
    ['order.*', 'shop-order_=any'],
    ['order.>', 'shop-order_=rest'],
    ['shop/OrderPlaced', 'shop-shop=2FOrderPlaced'],
    ['{"cmd":"sum"}', 'shop-=7B=22cmd=22=3A=22sum=22=7D'],
    ['order_created', 'shop-order=5Fcreated'],
    ['größe', 'shop-gr=C3=B6=C3=9Fe'],
  ])('is readable for %s', (label, name) => {
    expect(durableName({ service: 'shop', label })).toBe(name);
  });

  it('is valid for the server, and different for different labels', () => {
    const label = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ unit: fc.constantFrom('a', '.', '*', '>', '_', '=', '/', ' ', '-'), minLength: 1 }),
    );
    fc.assert(
      fc.property(label, label, fc.nat(3), fc.nat(3), (one, other, index, otherIndex) => {
        fc.pre(one !== other || index !== otherIndex);
        const name = durableName({ service: 'shop', label: one, index });
        expect(name).toMatch(/^[\w=-]+$/);
        expect(durableName({ service: 'shop', label: other, index: otherIndex })).not.toBe(name);
      }),
    );
  });
});
