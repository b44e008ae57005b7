import { DeadLetters, NatsJetStreamClientProxy, NatsJetStreamServer } from 'jetsource/transport';
import { resolveConsumerOptions } from '../../src/transport/server/consumer-settings.js';
import { rejection } from '../support/collect.js';

/** Options as an untyped caller can give them. */
type Untyped = never;

const server = (options: unknown): unknown => new NatsJetStreamServer(options as Untyped);
const client = (options: unknown): unknown => new NatsJetStreamClientProxy(options as Untyped);

function refusalOf(action: () => unknown): { option: string; message: string; code: string } {
  try {
    action();
  } catch (error) {
    return error as { option: string; message: string; code: string };
  }
  throw new Error('it was accepted');
}

describe('an option that does not exist', () => {
  it.each<[string, () => unknown, string]>([
    ['conectionOptions', () => server({ conectionOptions: {} }), 'connectionOptions, consumerOptions'],
    ['connectionOptions.server', () => server({ connectionOptions: { server: 'x' } }), 'servers, port, name'],
    ['connectionOptions.server', () => client({ connectionOptions: { server: 'x' } }), 'servers, port, name'],
    ['jetStreamOptions.prefix', () => client({ jetStreamOptions: { prefix: 'x' } }), 'apiPrefix, domain'],
    ['consumerOptions.ackWiat', () => server({ consumerOptions: { ackWiat: 1 } }), 'ackWait'],
    [
      'streamConfig.subject',
      () => server({ streamConfig: { name: 'o', subject: ['o.*'] } }),
      'name, subjects',
    ],
    ['streamConfig.max_mesages', () => client({ streamConfig: [{ name: 'o', max_mesages: 1 }] }), 'max_msgs'],
    ['deadLetters.subjects', () => server({ deadLetters: { subjects: ['x'] } }), 'max_age'],
    ['expect.lastSeq', () => client({ jetStreamPublishOptions: { expect: { lastSeq: 1 } } }), 'lastSequence'],
    ['consumer.maxDelivery', () => resolveConsumerOptions({}, { maxDelivery: 1 } as Untyped), 'maxDeliver'],
  ])('%s is refused with the list of those that do', (option, action, names) => {
    const refusal = refusalOf(action);
    expect(refusal).toMatchObject({ code: 'invalid-option', option });
    expect(refusal.message).toContain(names);
  });

  it('is refused for dead letters, too', async () => {
    expect(await rejection(DeadLetters.open({ strem: 'x' } as Untyped))).toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('connectionOptions, jetStreamOptions, stream'),
    });
  });
});

describe('options that are not an object', () => {
  it.each<[string, () => unknown]>([
    ['options', () => server(null)],
    ['options', () => client('nats://127.0.0.1:4222')],
    ['connectionOptions', () => server({ connectionOptions: 'nats://127.0.0.1:4222' })],
    ['jetStreamOptions', () => client({ jetStreamOptions: 'hub' })],
    ['consumerOptions', () => server({ consumerOptions: 'shop' })],
    ['streamConfig', () => server({ streamConfig: 'orders' })],
    ['deadLetters', () => server({ deadLetters: true })],
    ['options', () => client({ jetStreamPublishOptions: 5 })],
    ['expect', () => client({ jetStreamPublishOptions: { expect: 5 } })],
    ['consumer', () => resolveConsumerOptions({}, 'shop' as Untyped)],
  ])('are refused with the list of what they can have: %s', (option, action) => {
    const refusal = refusalOf(action);
    expect(refusal).toMatchObject({ code: 'invalid-option', option });
    expect(refusal.message).toContain('an object with any of');
  });
});
