import { lastValueFrom } from 'rxjs';
import { NatsJetStreamRecordBuilder } from '../../src/transport/client/nats-jetstream-record-builder.js';
import { until } from '../support/collect.js';
import type { NatsJetStreamContext } from '../../src/transport/server/nats-jetstream.context.js';
import { emitNumbers } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { deadLetters, listener, openDeadLetters, startService } from './shared-service.js';

/** What a handler that must not act twice may remember of an event. */
function placeOf({ message }: NatsJetStreamContext): unknown[] {
  const { seq, info, time, timestamp, timestampNanos } = message;
  return [seq, info.stream, info.streamSequence, time, timestamp, timestampNanos];
}

describe('a redriven event', () => {
  it('has the sequence, stream and time that it was stored under, however often it is redriven', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const places: unknown[][] = [];
    const contexts: NatsJetStreamContext[] = [];
    let isBroken = true;
    await startService(
      name,
      [
        listener(`${name}.n`, (number, context) => {
          if (number !== 4) return;
          places.push(placeOf(context));
          contexts.push(context);
          if (isBroken) throw new TypeError('broken');
        }),
      ],
      { streamConfig, consumerOptions: { maxDeliver: 1 } },
    );
    await emitNumbers(name, 4);
    const [letter] = await deadLetters(name, 1);
    expect(letter).toMatchObject({ sequence: 4, storedAt: expect.stringMatching(/\.\d{9}Z$/) });
    await using letters = await openDeadLetters(name);
    await letters.redrive(letter?.number ?? 0);
    const [again] = await deadLetters(name, 1);
    expect(again?.storedAt).toBe(letter?.storedAt);
    isBroken = false;
    await letters.redrive(again?.number ?? 0);
    await until('it is handled', () => places.length === 3);
    expect(places[0]?.slice(0, 3)).toEqual([4, name, 4]);
    expect(places[1]).toEqual(places[0]);
    expect(places[2]).toEqual(places[0]);
    expect(contexts[0]?.getDeadLetter()).toBeUndefined();
    expect(contexts[1]?.getDeadLetter()).toEqual({
      stream: `${name}-dead-letters`,
      sequence: 2,
      time: expect.any(Date),
    });
    expect(contexts[2]?.getDeadLetter()?.sequence).toBeGreaterThan(2);
    expect(contexts[2]?.message.redelivered).toBe(false);
  });

  it('has the headers of the original only, its message id included', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const seen: unknown[] = [];
    const handle = (_: unknown, context: NatsJetStreamContext): void => {
      const headers = context.getHeaders();
      seen.push((headers?.keys() ?? []).map((key) => [key, headers?.values(key)]));
      if (seen.length === 1) throw new TypeError('broken');
    };
    await startService(name, [listener(`${name}.n`, handle)], {
      streamConfig,
      consumerOptions: { maxDeliver: 1 },
    });
    const record = new NatsJetStreamRecordBuilder(1).appendHeader('tenant', 'acme').setMsgId('mine').build();
    await lastValueFrom(openClient().emit(`${name}.n`, record));
    const [letter] = await deadLetters(name, 1);
    await using letters = await openDeadLetters(name);
    await letters.redrive(letter?.number ?? 0);
    await until('it is handled', () => seen.length === 2);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[1]).toContainEqual(['Nats-Msg-Id', ['mine']]);
  });
});
