import { NatsRecordBuilder } from '@nestjs/microservices';
import { NatsJetStreamRecordBuilder } from '../../src/transport/client/nats-jetstream-record-builder.js';
import { NatsRequestOptionsBuilder } from '../../src/transport/client/nats-request-options-builder.js';
import { toEventRecord, toRequestRecord } from '../../src/transport/client/outgoing-record.js';

describe('NatsJetStreamRecordBuilder', () => {
  it('is chainable and sets every option', () => {
    const deliverAt = new Date();
    const builder = new NatsJetStreamRecordBuilder<number>()
      .setPayload(1)
      .setMsgId('m')
      .setExpectations({ lastSequence: 0 })
      .appendHeader('a', '1')
      .appendHeader('a', '2')
      .setTimeout(5)
      .setTtl(1_000)
      .setDelay(6)
      .setDeliverAt(deliverAt);
    expect(builder.getMsgId()).toBe('m');
    expect(builder.build()).toMatchObject({
      payload: 1,
      options: {
        msgID: 'm',
        expect: { lastSequence: 0 },
        headers: { a: ['1', '2'] },
        timeout: 5,
        ttlMs: 1_000,
        delayMs: 6,
        deliverAt,
      },
    });
  });

  it('does not change a record that has been built', () => {
    const builder = new NatsJetStreamRecordBuilder(1).appendHeader('a', '1');
    const record = builder.build();
    builder.appendHeader('a', '2').setMsgId('late');
    expect(record.options).toEqual({ headers: { a: ['1'] } });
  });
});

describe('NatsRequestOptionsBuilder', () => {
  it('is chainable and sets every option; a reply subject needs a subscription of its own', () => {
    const builder = new NatsRequestOptionsBuilder<number>()
      .setPayload(1)
      .setTimeout(5)
      .appendHeader('a', '1');
    expect(builder.setReplyToSubject('r').build()).toMatchObject({
      payload: 1,
      options: { timeout: 5, headers: { a: ['1'] }, reply: 'r', noMux: true },
    });
    expect(builder.setNoMux(false).build().options.noMux).toBe(false);
  });
});

describe('a record', () => {
  it('of a request can be emitted, and one of an event sent, with the options that apply', () => {
    const request = new NatsRequestOptionsBuilder(1).appendHeader('a', '1').setTimeout(5).build();
    expect(toEventRecord(request)).toMatchObject({ payload: 1, options: { headers: { a: ['1'] } } });
    const event = new NatsJetStreamRecordBuilder(1)
      .appendHeader('a', '1')
      .setTimeout(5)
      .setMsgId('m')
      .build();
    expect(toRequestRecord(event)).toMatchObject({
      payload: 1,
      options: { headers: { a: ['1'] }, timeout: 5 },
    });
  });

  it('can be one of Nest’s NATS transport', () => {
    const record = new NatsRecordBuilder(1).setHeaders({ a: '1' }).build();
    expect(toEventRecord(record)).toMatchObject({ payload: 1, options: { headers: { a: '1' } } });
    expect(toRequestRecord(record)).toMatchObject({ payload: 1, options: { headers: { a: '1' } } });
  });
});
