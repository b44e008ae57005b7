import { fromLegacyClientOptions } from '../../src/transport/legacy/legacy-client-options.js';
import { fromLegacyConsumerOptions } from '../../src/transport/legacy/legacy-consumer-options.js';
import { legacyDurableName } from '../../src/transport/legacy/legacy-durable.js';
import { fromLegacyPublishOptions } from '../../src/transport/legacy/legacy-publish-options.js';
import { fromLegacyServerOptions } from '../../src/transport/legacy/legacy-server-options.js';
import { deliverSubject, pushSettings } from '../../src/transport/legacy/push-consumer.js';

describe('options of the older transport', () => {
  it('become those of today, and leave the others as they are', () => {
    expect(
      fromLegacyConsumerOptions({ deliveryPolicy: 'last', maxwaiting: 7, concurrency: 3 } as object),
    ).toEqual({ deliverPolicy: 'last', maxWaiting: 7, concurrency: 3 });
    expect(fromLegacyServerOptions({ serverConsumerOptions: { sample: 3 }, queue: 'q' })).toEqual({
      consumerOptions: { sample: 3 },
      queue: 'q',
    });
    expect(fromLegacyClientOptions({ jetStreamOption: { domain: 'hub' } })).toEqual({
      jetStreamOptions: { domain: 'hub' },
    });
    expect(fromLegacyPublishOptions({ ackWait: 5, timeout: 6 } as object)).toEqual({ timeout: 6 });
  });

  it('take deliverTo for the queue group of requests, unless there is one', () => {
    const consumerOptions = { deliverTo: 'inbox' };
    expect(fromLegacyServerOptions({ consumerOptions })).toEqual({ consumerOptions, queue: 'inbox' });
    expect(fromLegacyServerOptions({ serverConsumerOptions: consumerOptions })).toEqual({
      consumerOptions,
      queue: 'inbox',
    });
    expect(fromLegacyServerOptions({ consumerOptions, queue: 'q' }).queue).toBe('q');
  });

  it.each<[string, () => unknown]>([
    ['deliveryPolicy', () => fromLegacyConsumerOptions({ deliveryPolicy: 'all', deliverPolicy: 'all' })],
    ['maxwaiting', () => fromLegacyConsumerOptions({ maxwaiting: 1, maxWaiting: 1 })],
    [
      'serverConsumerOptions',
      () => fromLegacyServerOptions({ serverConsumerOptions: {}, consumerOptions: {} }),
    ],
    ['jetStreamOption', () => fromLegacyClientOptions({ jetStreamOption: {}, jetStreamOptions: {} })],
  ])('are refused beside their name of today: %s', (option, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'invalid-option', option }));
  });
});

describe('durables of the older transport', () => {
  it('have the same name for some different patterns', () => {
    expect(legacyDurableName({ service: 'shop', pattern: 'o.*' })).toBe('shop-o__ALL');
    expect(legacyDurableName({ service: 'shop', pattern: 'o.>' })).toBe('shop-o__ALL');
  });

  it('keep the subject that they deliver to, if it has the prefix of the options', () => {
    const push = pushSettings({ deliverTo: 'inbox' });
    const target = { inboxPrefix: '_INBOX', suffix: 'orders.shop' };
    const subjectFor = (deliver_subject: string): string =>
      deliverSubject(push as NonNullable<typeof push>, { ...target, existing: { deliver_subject } as never })
        .deliver_subject;
    expect(subjectFor('inbox.random')).toBe('inbox.random');
    expect(subjectFor('other.random')).toBe('inbox.orders.shop');
  });
});
