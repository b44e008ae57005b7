import type { NatsConsumerOptions } from '../../src/transport/consumer-options.js';
import { resolveConsumerOptions } from '../../src/transport/server/consumer-settings.js';

const NS_PER_MS = 1_000_000;

/** Options as a caller gives them. */
type Given = NatsConsumerOptions & Record<string, unknown>;

describe('consumer options', () => {
  it('default to a pull consumer with explicit acknowledgements from the first event on, without a limit of deliveries', () => {
    const settings = resolveConsumerOptions({});
    expect(settings.config).toEqual({
      deliver_policy: 'all',
      ack_policy: 'explicit',
      replay_policy: 'instant',
      max_deliver: -1,
    });
    expect(settings).toMatchObject({
      durable: true,
      bind: false,
      push: undefined,
      concurrency: 1,
      maxDeliver: 5,
      backoffMs: [1_000, 5_000, 30_000, 120_000],
      manualAck: false,
    });
  });

  it.each<[Given, Record<string, unknown>]>([
    [{ deliverPolicy: 'last' }, { deliver_policy: 'last' }],
    [{ deliverPolicy: 'new' }, { deliver_policy: 'new' }],
    [{ deliveryPolicy: 'last_per_subject' }, { deliver_policy: 'last_per_subject' }],
    [{ startSequence: 7 }, { deliver_policy: 'by_start_sequence', opt_start_seq: 7 }],
    [
      { deliverPolicy: 'by_start_sequence', startSequence: 7 },
      { deliver_policy: 'by_start_sequence', opt_start_seq: 7 },
    ],
    [
      { startTime: new Date('2026-01-01T00:00:00Z') },
      { deliver_policy: 'by_start_time', opt_start_time: '2026-01-01T00:00:00.000Z' },
    ],
    [
      { startAtTimeDelta: 60_000 },
      { deliver_policy: 'by_start_time', opt_start_time: expect.stringMatching(/^20/) },
    ],
    [{ ackPolicy: 'all' }, { ack_policy: 'all', max_ack_pending: 1 }],
    [{ ackPolicy: 'all', manualAck: true }, { ack_policy: 'all' }],
    [{ ackPolicy: 'none' }, { ack_policy: 'none' }],
    [{ ackWait: 1_500 }, { ack_wait: 1_500 * NS_PER_MS }],
    [{ maxAckPending: 12 }, { max_ack_pending: 12 }],
    [{ replayPolicy: 'original' }, { replay_policy: 'original' }],
    [{ maxDeliver: 3 }, { max_deliver: -1 }],
    [{ sample: 30 }, { sample_freq: '30%' }],
    [{ maxWaiting: 64 }, { max_waiting: 64 }],
    [{ maxwaiting: 64 }, { max_waiting: 64 }],
    [{ limit: 8_000 }, { rate_limit_bps: 8_000 }],
    [{ description: 'sends mail' }, { description: 'sends mail' }],
    [{ orderedConsumer: true }, { max_ack_pending: 1 }],
    [{ headersOnly: true }, { headers_only: true }],
    [{ idleHeartbeat: 5_000, deliverTo: 'x' }, { idle_heartbeat: 5_000 * NS_PER_MS }],
    [
      { flowControl: true, idleHeartbeat: 5_000 },
      { flow_control: true, idle_heartbeat: 5_000 * NS_PER_MS },
    ],
    [
      { durable: false },
      { deliver_policy: 'new', mem_storage: true, num_replicas: 1, inactive_threshold: 60_000 * NS_PER_MS },
    ],
  ])('become settings of the consumer: %j', (options, expected) => {
    expect(resolveConsumerOptions(options).config).toMatchObject(expected);
  });

  it.each<[Given, Record<string, unknown>]>([
    [{ deliverPolicy: 'All' }, { deliver_policy: 'all' }],
    [{ deliverPolicy: 'Last' }, { deliver_policy: 'last' }],
    [{ deliverPolicy: 'New' }, { deliver_policy: 'new' }],
    [{ deliverPolicy: 'ByStartSequence', startSequence: 7 }, { deliver_policy: 'by_start_sequence' }],
    [{ deliverPolicy: 'ByStartTime', startTime: new Date(0) }, { deliver_policy: 'by_start_time' }],
    [{ deliverPolicy: 'ByStartTime', startAtTimeDelta: 1 }, { deliver_policy: 'by_start_time' }],
    [{ deliverPolicy: 'last_per_subject' }, { deliver_policy: 'last_per_subject' }],
    [{ deliveryPolicy: 'New' }, { deliver_policy: 'new' }],
    [{ ackPolicy: 'Explicit' }, { ack_policy: 'explicit' }],
    [{ ackPolicy: 'All' }, { ack_policy: 'all', max_ack_pending: 1 }],
    [{ ackPolicy: 'None' }, { ack_policy: 'none' }],
    [{ replayPolicy: 'Instant' }, { replay_policy: 'instant' }],
    [{ replayPolicy: 'Original' }, { replay_policy: 'original' }],
  ])('take the words of the older transport for policies: %j', (options, expected) => {
    expect(resolveConsumerOptions(options).config).toMatchObject(expected);
    expect(resolveConsumerOptions({}, options).config).toMatchObject(expected);
  });

  it('treat the words of the older transport as those of today where options cannot work together', () => {
    expect(() => resolveConsumerOptions({ ackPolicy: 'None', manualAck: true })).toThrow(
      expect.objectContaining({ code: 'invalid-option', option: 'manualAck' }),
    );
    expect(resolveConsumerOptions({ ackPolicy: 'None' })).toMatchObject({ isUnacknowledged: true });
  });

  it.each(['al', 'ALL', 'constructor', 'Byssequence', 5, null])(
    'refuse a policy that neither the server nor the older transport knows: %j',
    (deliverPolicy) => {
      expect(() => resolveConsumerOptions({ deliverPolicy } as never)).toThrow(
        expect.objectContaining({ code: 'invalid-option', option: 'consumerOptions.deliverPolicy' }),
      );
    },
  );

  it.each<[Given, Record<string, unknown>]>([
    [{ durable: 'mine' }, { durable: 'mine' }],
    [
      { stream: 'orders', bind: true },
      { stream: 'orders', bind: true },
    ],
    [{ deliverTo: 'inbox' }, { push: { prefix: 'inbox', subject: undefined, group: undefined } }],
    [{ deliverToSubject: 'to.me' }, { push: { prefix: undefined, subject: 'to.me', group: undefined } }],
    [{ deliverGroup: 'us' }, { push: { prefix: undefined, subject: undefined, group: 'us' } }],
    [{ limit: 8_000 }, { push: {} }],
    [{ flowControl: true, idleHeartbeat: 500 }, { push: {} }],
    [{ filterSubject: 'a.b' }, { filterSubject: 'a.b' }],
    [{ idleHeartbeat: 500 }, { heartbeatMs: 500, push: undefined }],
    [{ maxMessages: 5 }, { maxMessages: 5 }],
    [{ manualAck: true }, { manualAck: true }],
    [{ maxDeliver: -1 }, { maxDeliver: Infinity }],
    [
      { maxDeliver: 3, backoff: [1, 2] },
      { maxDeliver: 3, backoffMs: [1, 2] },
    ],
    [
      { concurrency: 9, orderedBy: 'subject' },
      { concurrency: 9, keyOf: expect.any(Function) },
    ],
  ])('become settings of the consumption: %j', (options, expected) => {
    expect(resolveConsumerOptions(options)).toMatchObject(expected);
  });

  it('of a handler take precedence over those of its server, one by one', () => {
    const settings = resolveConsumerOptions({ ackWait: 1_000, maxDeliver: 9 }, { ackWait: 2_000 });
    expect(settings).toMatchObject({ maxDeliver: 9, config: { ack_wait: 2_000 * NS_PER_MS } });
  });

  it.each<[Given, string, string]>([
    [{ deliverPolicy: 'all', deliveryPolicy: 'all' }, 'deliveryPolicy', 'deliverPolicy'],
    [{ maxWaiting: 1, maxwaiting: 1 }, 'maxwaiting', 'maxWaiting'],
    [{ startSequence: 1, startTime: new Date() }, 'startSequence', 'startTime'],
    [{ startSequence: 1, startAtTimeDelta: 1 }, 'startSequence', 'startAtTimeDelta'],
    [{ startTime: new Date(), startAtTimeDelta: 1 }, 'startTime', 'startAtTimeDelta'],
    [{ deliverPolicy: 'new', startSequence: 1 }, 'deliverPolicy', 'startSequence'],
    [{ deliverPolicy: 'by_start_time', startSequence: 1 }, 'deliverPolicy', 'startSequence'],
    [{ deliverPolicy: 'by_start_sequence' }, 'deliverPolicy', 'startSequence'],
    [{ deliverTo: 'a', deliverToSubject: 'b' }, 'deliverTo', 'deliverToSubject'],
    [{ durable: false, deliverGroup: 'a' }, 'deliverGroup', 'durable'],
    [{ deliverTo: 'a', maxWaiting: 1 }, 'maxWaiting', 'deliverTo'],
    [{ deliverGroup: 'a', maxwaiting: 1 }, 'maxWaiting', 'deliverGroup'],
    [{ limit: 1, maxWaiting: 1 }, 'maxWaiting', 'limit'],
    [{ idleHeartbeat: 500, deliverGroup: 'a' }, 'idleHeartbeat', 'deliverGroup'],
    [{ flowControl: true, idleHeartbeat: 500, deliverGroup: 'a' }, 'idleHeartbeat', 'deliverGroup'],
    [{ flowControl: true }, 'flowControl', 'idleHeartbeat'],
    [{ ackPolicy: 'none', manualAck: true }, 'manualAck', 'ackPolicy'],
    [{ ackPolicy: 'none', maxDeliver: 3 }, 'maxDeliver', 'ackPolicy'],
    [{ ackPolicy: 'none', orderedConsumer: true }, 'ackPolicy', 'orderedConsumer'],
    [{ ackPolicy: 'all', concurrency: 2 }, 'concurrency', 'ackPolicy'],
    [{ orderedConsumer: true, concurrency: 2 }, 'concurrency', 'orderedConsumer'],
    [{ orderedConsumer: true, maxAckPending: 2 }, 'maxAckPending', 'orderedConsumer'],
    [{ bind: true, durable: false }, 'bind', 'durable'],
  ])('that cannot work together are refused with both names: %j', (options, one, other) => {
    expect(() => resolveConsumerOptions(options)).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        option: one,
        message: expect.stringContaining(other),
      }),
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ ackWiat: 1 }, 'ackWiat'],
    [{ durable: '' }, 'durable'],
    [{ durable: 1 }, 'durable'],
    [{ sample: 101 }, 'sample'],
    [{ sample: -1 }, 'sample'],
    [{ maxDeliver: 0 }, 'maxDeliver'],
    [{ maxDeliver: -2 }, 'maxDeliver'],
    [{ maxAckPending: 0 }, 'maxAckPending'],
    [{ ackWait: 1 }, 'ackWait'],
    [{ ackWait: '30s' }, 'ackWait'],
    [{ backoff: [] }, 'backoff'],
    [{ backoff: [-1] }, 'backoff'],
    [{ backoff: 5 }, 'backoff'],
    [{ concurrency: 0 }, 'concurrency'],
    [{ maxMessages: 0 }, 'maxMessages'],
    [{ startSequence: 0 }, 'startSequence'],
    [{ startTime: new Date('never') }, 'startTime'],
    [{ startTime: '2026-01-01' }, 'startTime'],
    [{ startAtTimeDelta: -5 }, 'startAtTimeDelta'],
    [{ idleHeartbeat: 50 }, 'idleHeartbeat'],
    [{ orderedBy: 'key' }, 'orderedBy'],
    [{ ackPolicy: 'explict' }, 'ackPolicy'],
    [{ deliverPolicy: 'latest' }, 'deliverPolicy'],
    [{ replayPolicy: 'slow' }, 'replayPolicy'],
    [{ limit: 0 }, 'limit'],
    [{ maxWaiting: 0 }, 'maxWaiting'],
    [{ filterSubject: 'a b' }, 'filterSubject'],
    [{ deliverTo: '' }, 'deliverTo'],
    [{ deliverTo: 'a b' }, 'deliverTo'],
    [{ deliverToSubject: 'a.*' }, 'deliverToSubject'],
  ])('with an invalid value are refused by name: %j', (options, option) => {
    expect(() => resolveConsumerOptions(options as NatsConsumerOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-option', option: expect.stringContaining(option) }),
    );
  });
});
