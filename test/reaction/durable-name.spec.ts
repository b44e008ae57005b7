import fc from 'fast-check';
import { durableName, qualifiedDurableName } from '../../src/reaction/consumer/durable-name.js';
import { formerDurableName } from '../../src/reaction/consumer/former-durable-name.js';

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

  it.each([
    ['mail', 'shop-order_created==mail'],
    ['MailController.confirm', 'shop-order_created==MailController_confirm'],
    ['e-mail', 'shop-order_created==e=2Dmail'],
  ])('contains the handler %s where there are several', (handler, name) => {
    expect(qualifiedDurableName({ service: 'shop', label: 'order.created', handler })).toBe(name);
  });

  it('is different for services whose names an earlier version made equal', () => {
    const named = (service: string, label: string): string => durableName({ service, label });
    expect(named('shop.eu', 'a')).toBe('shop=2Eeu-a');
    expect(named('shop_eu', 'a')).toBe('shop_eu-a');
    expect(named('注文', 'a')).not.toBe(named('顧客', 'a'));
  });

  const text = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ unit: fc.constantFrom('a', '.', '*', '>', '_', '=', '/', ' ', '-', 'é', '2'), minLength: 1 }),
    fc.string({ unit: fc.constantFrom('-', '=', '_', '.'), minLength: 1, maxLength: 4 }),
  );

  it('is valid for the server, and different for different labels of a service, and different services', () => {
    fc.assert(
      fc.property(text, text, text, (service, one, other) => {
        const named = (parts: { service: string; label: string }): string => {
          const name = durableName(parts);
          expect(name).toMatch(/^[\w=-]+$/);
          return name;
        };
        fc.pre(one !== other);
        expect(named({ service, label: one })).not.toBe(named({ service, label: other }));
        expect(named({ service: one, label: service })).not.toBe(named({ service: other, label: service }));
      }),
      { numRuns: 2_000 },
    );
  });

  it('with the handler is different whatever the service, the label and the handler are', () => {
    const parts = fc.record({ service: text, label: text, handler: fc.oneof(text, fc.constant('')) });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const name = qualifiedDurableName(one);
        expect(name).toMatch(/^[\w=-]+$/);
        const isSame =
          one.service === other.service && one.label === other.label && one.handler === other.handler;
        expect(qualifiedDurableName(other) === name).toBe(isSame);
        expect(durableName(other)).not.toBe(name);
      }),
      { numRuns: 2_000 },
    );
    const named = (service: string, label: string): string =>
      qualifiedDurableName({ service, label, handler: '' });
    expect(named('shop', 'mail-sent')).not.toBe(named('shop-mail', 'sent'));
  });

  it('of an earlier version had the place of the handler', () => {
    const former = (place: number): string =>
      formerDurableName({ service: 'shop.eu', label: 'mail-sent.*', place });
    expect(former(0)).toBe('shop_eu-mail-sent_=any');
    expect(former(1)).toBe('shop_eu-mail-sent_=any=2');
  });
});
