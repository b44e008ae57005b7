import { createInbox } from '@nats-io/transport-node';
import { lastValueFrom } from 'rxjs';
import { NatsJetStreamRecordBuilder } from '../../src/transport/client/nats-jetstream-record-builder.js';
import { until } from '../support/collect.js';
import { emitFirst, emitNumbers, onlyConsumer, pause, raw, untilAcknowledged } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { deadLetters, listener, startService } from './shared-service.js';

describe('acknowledgement', () => {
  it('is left to the handler with manualAck', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: string[] = [];
    await startService(
      name,
      [
        listener(`${name}.n`, (number, { message }) => {
          seen.push(`${String(number)}/${message.info.deliveryCount}`);
          if (number === 1) setTimeout(() => message.ack(), 50);
          if (number === 2 && message.info.deliveryCount === 1) return message.nak(20);
          if (number === 2) return message.ack();
          if (number === 3) return message.term('no');
        }),
      ],
      { streamConfig, consumerOptions: { manualAck: true } },
    );
    await emitNumbers(name, 3);
    await untilAcknowledged(name, 3);
    expect(seen.sort()).toEqual(['1/1', '2/1', '2/2', '3/1']);
    expect(await raw.messageCount(`${name}-dead-letters`)).toBe(0);
  });

  it('by the handler is not repeated, and stays valid if the handler fails afterwards', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let calls = 0;
    await startService(
      name,
      [
        listener(`${name}.n`, (_, { message }) => {
          calls += 1;
          message.ack();
          throw new TypeError('after the acknowledgement');
        }),
      ],
      { streamConfig, consumerOptions: { backoff: [10] } },
    );
    await emitNumbers(name, 1);
    await untilAcknowledged(name, 1);
    await pause(100);
    expect(calls).toBe(1);
    expect(await raw.messageCount(`${name}-dead-letters`)).toBe(0);
  });

  it('can be confirmed by ackAck', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const answers: unknown[] = [];
    await startService(
      name,
      [listener(`${name}.n`, async (_, { message }) => answers.push(await message.ackAck()))],
      { streamConfig },
    );
    await emitNumbers(name, 1);
    await until('it is acknowledged', () => answers.length > 0);
    expect(answers).toEqual([true]);
    expect((await onlyConsumer(name)).ack_floor.stream_seq).toBe(1);
  });

  it('may take longer than ackWait, for the event and for those that wait after it', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await emitFirst(streamConfig, 4);
    await startService(
      name,
      [
        listener(`${name}.n`, async (number) => {
          seen.push(number);
          await pause(500);
        }),
      ],
      { streamConfig, consumerOptions: { ackWait: 200 } },
    );
    await untilAcknowledged(name, 4);
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('of an event includes those before it with ackPolicy all', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      streamConfig,
      consumerOptions: { ackPolicy: 'all' },
    });
    await emitNumbers(name, 5);
    await untilAcknowledged(name, 5);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect((await onlyConsumer(name)).config['ack_policy']).toBe('all');
  });

  it('does not exist with ackPolicy none: an event that fails is lost', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(
      name,
      [
        listener(`${name}.n`, (number) => {
          seen.push(number);
          if (number === 1) throw new TypeError('lost');
        }),
      ],
      { streamConfig, consumerOptions: { ackPolicy: 'none' } },
    );
    await emitNumbers(name, 3);
    await until('all have come', () => seen.length >= 3);
    expect(seen).toEqual([1, 2, 3]);
    expect((await onlyConsumer(name)).num_ack_pending).toBe(0);
  });
});

describe('the delivery of events', () => {
  it('has headers only with headersOnly', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(
      name,
      [
        listener(`${name}.n`, (payload, context) =>
          seen.push(payload, context.getHeaders()?.get('Nats-Msg-Size')),
        ),
      ],
      { streamConfig, consumerOptions: { headersOnly: true } },
    );
    await raw.store(`${name}.n`, '{"large":true}');
    await untilAcknowledged(name, 1);
    expect(seen).toEqual([undefined, '14']);
  });

  it('ends after maxMessages, and the durable keeps its position', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    const options = { streamConfig, consumerOptions: { maxMessages: 3 } };
    const controller = listener(`${name}.n`, (number) => seen.push(number));
    await emitFirst(streamConfig, 5);
    const { app } = await startService(name, [controller], options);
    await untilAcknowledged(name, 3);
    await pause(100);
    expect(seen).toEqual([1, 2, 3]);
    expect((await onlyConsumer(name)).num_ack_pending).toBe(0);
    await app.close();
    await startService(name, [controller], options);
    await untilAcknowledged(name, 5);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    ['a sequence', { startSequence: 3 }, [3, 4]],
    ['new ones', { deliverPolicy: 'new' }, []],
    ['the last one', { deliverPolicy: 'last' }, [4]],
    ['the last of each subject', { deliveryPolicy: 'last_per_subject' }, [4]],
    ['a time before all', { startTime: new Date(0) }, [1, 2, 3, 4]],
    ['a time after all', { startTime: new Date(Date.now() + 3_600_000) }, []],
    ['some time ago', { startAtTimeDelta: 60_000 }, [1, 2, 3, 4]],
  ] as const)('begins with %s', async (_, consumerOptions, expected) => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await emitFirst(streamConfig, 4);
    await startService(name, [listener(`${name}.n`, (number) => seen.push(number))], {
      streamConfig,
      consumerOptions,
    });
    await until('they have come', () => seen.length >= expected.length);
    await pause(50);
    expect(seen).toEqual(expected);
  });

  it('is limited to filterSubject', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.>`, (_, context) => seen.push(context.getSubject()))], {
      streamConfig,
      consumerOptions: { filterSubject: `${name}.b` },
    });
    await emitNumbers(name, 1, 'a');
    await emitNumbers(name, 1, 'b');
    await until('it has come', () => seen.length > 0);
    expect(seen).toEqual([`${name}.b`]);
    await expect(
      startService(`${name}-2`, [listener(`${name}.a`, () => undefined)], {
        consumerOptions: { filterSubject: `${name}.b` },
      }),
    ).rejects.toMatchObject({ code: 'invalid-option', option: 'filterSubject' });
  });

  it('leaves out events that wait for their delay', async () => {
    const streamConfig = uniqueStream({ allow_msg_schedules: true });
    const { name } = streamConfig;
    const seen: unknown[] = [];
    await startService(name, [listener(`${name}.>`, (_, context) => seen.push(context.getSubject()))], {
      streamConfig,
    });
    await lastValueFrom(
      openClient().emit(`${name}.n`, new NatsJetStreamRecordBuilder(1).setDelay(1_000).build()),
    );
    await until('it has come', () => seen.length > 0);
    await pause(100);
    expect(seen).toEqual([`${name}.n`]);
  });
});

describe('an event that cannot be handled', () => {
  it('has all of its attempts, however often it was delivered without one', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let calls = 0;
    await emitFirst(streamConfig, 1);
    await raw.api(`CONSUMER.CREATE.${name}.${name}-${name}_n.${name}.n`, {
      stream_name: name,
      config: {
        name: `${name}-${name}_n`,
        durable_name: `${name}-${name}_n`,
        filter_subject: `${name}.n`,
        ack_policy: 'explicit',
        ack_wait: 1_000_000,
        max_deliver: -1,
      },
      action: '',
    });
    await neverSettle(name, `${name}-${name}_n`, 2);
    await startService(name, [listener(`${name}.n`, () => (calls += 1))], {
      streamConfig,
      consumerOptions: { maxDeliver: 2 },
    });
    await untilAcknowledged(name, 1);
    expect(calls).toBe(1);
    expect(await deadLetters(name, 0)).toEqual([]);
  });

  it('is tried without a limit with maxDeliver -1', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let calls = 0;
    await startService(
      name,
      [
        listener(`${name}.n`, () => {
          calls += 1;
          if (calls < 12) throw new TypeError('again');
        }),
      ],
      { streamConfig, consumerOptions: { maxDeliver: -1, backoff: [1] } },
    );
    await emitNumbers(name, 1);
    await untilAcknowledged(name, 1);
    expect(calls).toBe(12);
  });

  it('is dropped without dead letters', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await startService(
      name,
      [
        listener(`${name}.n`, () => {
          throw new TypeError('no');
        }),
      ],
      { streamConfig, deadLetters: false, consumerOptions: { maxDeliver: 1 } },
    );
    await emitNumbers(name, 1);
    await untilAcknowledged(name, 1);
    expect(await raw.api(`STREAM.INFO.${name}-dead-letters`)).toHaveProperty('error');
  });
});

/** Takes that many deliveries without an acknowledgement, as a process does that crashes with each. */
async function neverSettle(stream: string, consumer: string, deliveries: number): Promise<void> {
  const inbox = createInbox();
  const subscription = raw.nc.subscribe(inbox, { max: deliveries, callback: () => undefined });
  for (let delivery = 0; delivery < deliveries; delivery += 1)
    raw.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, '{}', { reply: inbox });
  await subscription.closed;
}
