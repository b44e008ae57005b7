import fc from 'fast-check';
import { durableName, legacyDurableName } from '../../src/transport/server/durable-name.js';

describe('the name of a durable consumer', () => {
  it.each([
    ['order.created', 'shop-order_created'],
    ['order.*', 'shop-order_=any'],
    ['order.>', 'shop-order_=rest'],
    ['shop/OrderPlaced', 'shop-shop=2FOrderPlaced'],
    ['{"cmd":"sum"}', 'shop-=7B=22cmd=22=3A=22sum=22=7D'],
    ['order_created', 'shop-order=5Fcreated'],
    ['größe', 'shop-gr=C3=B6=C3=9Fe'],
  ])('of %s can be read', (pattern, name) => {
    expect(durableName('shop', pattern)).toBe(name);
  });

  it('is a name that the server takes, and never that of another pattern', () => {
    const pattern = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ unit: fc.constantFrom('a', '.', '*', '>', '_', '=', '/', ' ', '-'), minLength: 1 }),
    );
    fc.assert(
      fc.property(pattern, pattern, fc.nat(3), fc.nat(3), (one, other, index, otherIndex) => {
        fc.pre(one !== other || index !== otherIndex);
        const name = durableName('shop', one, index);
        expect(name).toMatch(/^[\w=-]+$/);
        expect(durableName('shop', other, otherIndex)).not.toBe(name);
      }),
    );
  });

  it('was once the same for patterns that differ', () => {
    expect(legacyDurableName('shop', 'o.*')).toBe('shop-o__ALL');
    expect(legacyDurableName('shop', 'o.>')).toBe('shop-o__ALL');
  });
});
