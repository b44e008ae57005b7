import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload, RpcException } from '@nestjs/microservices';
import { lastValueFrom, Observable } from 'rxjs';
import { NatsJetStreamContext } from '../../src/transport/server/nats-jetstream.context.js';
import { NatsJetStreamRecordBuilder } from '../../src/transport/client/nats-jetstream-record-builder.js';
import { until } from '../support/collect.js';
import { emitNumbers, raw } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { deadLetters, openDeadLetters, startService } from './shared-service.js';

describe('an event handler', () => {
  it('gets payload and context, and its event is acknowledged when it has succeeded', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.created`)
      onCreated(@Payload() order: unknown, @Ctx() context: NatsJetStreamContext): void {
        seen.push(order, context.getSubject(), context.getHeaders()?.get('tenant'), context.message.seq);
      }
    }

    await startService(name, [Listener], { streamConfig });
    const record = new NatsJetStreamRecordBuilder({ id: 1 }).appendHeader('tenant', 'acme').build();
    await lastValueFrom(openClient().emit(`${name}.created`, record));
    await until('the event is handled', () => seen.length > 0);
    expect(seen).toEqual([{ id: 1 }, `${name}.created`, 'acme', 1]);
    const info = await consumerInfo(name, `${name}-${name}_created`);
    await until(
      'the event is acknowledged',
      async () => (await consumerInfo(name, `${name}-${name}_created`)).ack_floor.stream_seq === 1,
    );
    expect(info.config).toMatchObject({ ack_policy: 'explicit', filter_subject: `${name}.created` });
    expect(info.config.deliver_subject).toBeUndefined();
  });

  it('is awaited until its Observable is complete', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let finish: () => void = () => undefined;

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.created`)
      onCreated(): Observable<number> {
        return new Observable((subscriber) => {
          subscriber.next(1);
          finish = () => subscriber.complete();
        });
      }
    }

    await startService(name, [Listener], { streamConfig });
    const consumer = `${name}-${name}_created`;
    await lastValueFrom(openClient().emit(`${name}.created`, 1));
    await until('the handler runs', async () => (await consumerInfo(name, consumer)).num_ack_pending === 1);
    expect((await consumerInfo(name, consumer)).ack_floor.stream_seq).toBe(0);
    finish();
    await until(
      'it is acknowledged',
      async () => (await consumerInfo(name, consumer)).ack_floor.stream_seq === 1,
    );
  });

  it('gets a failed event again after its back-off, and the event becomes a dead letter with the error when all attempts fail', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const attempts: number[] = [];

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.created`)
      onCreated(@Ctx() context: NatsJetStreamContext): never {
        attempts.push(context.message.info.deliveryCount);
        throw new TypeError('the printer is on fire');
      }
    }

    await startService(name, [Listener], {
      streamConfig,
      consumerOptions: { maxDeliver: 3, backoff: [10, 20] },
    });
    const record = new NatsJetStreamRecordBuilder({ id: 1 })
      .appendHeader('tenant', 'acme')
      .setMsgId('m-1')
      .build();
    await lastValueFrom(openClient().emit(`${name}.created`, record));
    const letters = await deadLetters(name, 1);
    expect(attempts).toEqual([1, 2, 3]);
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({
      subject: `${name}.created`,
      stream: name,
      sequence: 1,
      consumer: `${name}-${name}_created`,
      pattern: `${name}.created`,
      attempts: 3,
      error: { name: 'TypeError', message: 'the printer is on fire' },
    });
    expect(letters[0]?.error.stack).toContain('events.int.spec');
    expect(letters[0]?.headers.get('tenant')).toBe('acme');
    expect(letters[0]?.headers.get('Original-Nats-Msg-Id')).toBe('m-1');
    expect(JSON.parse(Buffer.from(letters[0]?.data ?? '').toString())).toEqual({ id: 1 });
    const { num_ack_pending } = await consumerInfo(name, `${name}-${name}_created`);
    expect(num_ack_pending).toBe(0);
  });

  it('gets a dead letter again when it is redriven, and no other handler does', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let isBroken = true;
    const handled: unknown[] = [];
    let others = 0;

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.created`)
      onCreated(@Payload() order: unknown, @Ctx() context: NatsJetStreamContext): void {
        if (isBroken) throw new RpcException({ code: 'SOLD_OUT' });
        handled.push(order, context.getSubject(), context.getHeaders()?.get('Nats-Msg-Id'));
      }

      @EventPattern<string>(`${name}.*`)
      onAny(): void {
        others += 1;
      }
    }

    await startService(name, [Listener], { streamConfig, consumerOptions: { maxDeliver: 1 } });
    const record = new NatsJetStreamRecordBuilder({ id: 1 }).setMsgId('m-1').build();
    await lastValueFrom(openClient().emit(`${name}.created`, record));
    const [letter] = await deadLetters(name, 1);
    expect(letter?.error).toMatchObject({
      message: '{"code":"SOLD_OUT"}',
      stack: expect.stringContaining('onCreated'),
    });
    isBroken = false;
    await using letters = await openDeadLetters(name);
    await letters.redrive(letter?.number ?? 0);
    await until('it is handled', () => handled.length > 0);
    expect(handled).toEqual([{ id: 1 }, `${name}.created`, 'm-1']);
    expect(others).toBe(1);
    await until('nothing is left', async () => (await raw.messageCount(`${name}-dead-letters`)) === 0);
  });

  it('gets a redriven event whose body was too large for its dead letter', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let isBroken = true;
    const lengths: number[] = [];

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.created`)
      onCreated(@Payload() text: string): void {
        if (isBroken) throw new TypeError('broken');
        lengths.push(text.length);
      }
    }

    await startService(name, [Listener], { streamConfig, consumerOptions: { maxDeliver: 1 } });
    await lastValueFrom(openClient().emit(`${name}.created`, 'x'.repeat(1_048_350)));
    const [letter] = await deadLetters(name, 1);
    expect(letter?.data).toHaveLength(0);
    isBroken = false;
    await using letters = await openDeadLetters(name);
    await letters.redrive(letter?.number ?? 0);
    await until('it is handled', () => lengths.length > 0);
    expect(lengths).toEqual([1_048_350]);
  });

  it('has its dead letters kept even if their stream was deleted', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    let isBroken = true;
    const handled: unknown[] = [];

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.n`)
      on(@Payload() number: number): void {
        if (isBroken) throw new TypeError('broken');
        handled.push(number);
      }
    }

    await startService(name, [Listener], { streamConfig, consumerOptions: { maxDeliver: 1 } });
    await raw.api(`STREAM.DELETE.${name}-dead-letters`);
    await emitNumbers(name, 1);
    await until('the stream is there again', async () => {
      const { error } = await raw.api<{ error?: object }>(`STREAM.INFO.${name}-dead-letters`);
      return error === undefined;
    });
    const [letter] = await deadLetters(name, 1);
    isBroken = false;
    await using letters = await openDeadLetters(name);
    await letters.redrive(letter?.number ?? 0);
    await until('it is handled', () => handled.length > 0);
    expect(handled).toEqual([1]);
  });

  it('can throw any value', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const circle: Record<string, unknown> = {};
    circle['itself'] = circle;
    const throwables = [undefined, null, 'text', 5, { code: 'SOLD_OUT' }, circle, new TypeError('an error')];

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.n`)
      on(@Payload() index: number): void {
        throw throwables[index - 1];
      }
    }

    await startService(name, [Listener], { streamConfig, consumerOptions: { maxDeliver: 1 } });
    await emitNumbers(name, throwables.length);
    const letters = await deadLetters(name, throwables.length);
    expect(letters.map(({ error }) => error.message)).toEqual([
      'undefined',
      'null',
      'text',
      '5',
      '{"code":"SOLD_OUT"}',
      '[object Object]',
      'an error',
    ]);
  });

  it('is not called with an event that is not JSON, which becomes a dead letter at once', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;

    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.created`)
      onCreated(): void {}
    }

    await startService(name, [Listener], { streamConfig });
    await raw.store(`${name}.created`, 'no { JSON');
    const [letter] = await deadLetters(name, 1);
    expect(letter).toMatchObject({ attempts: 1, error: { name: 'SyntaxError' } });
    expect(Buffer.from(letter?.data ?? '').toString()).toBe('no { JSON');
  });
});

interface Consumer {
  readonly config: Record<string, unknown>;
  readonly ack_floor: { readonly stream_seq: number };
  readonly num_ack_pending: number;
}

async function consumerInfo(stream: string, consumer: string): Promise<Consumer> {
  return raw.api<Consumer & Record<string, unknown>>(`CONSUMER.INFO.${stream}.${consumer}`);
}
