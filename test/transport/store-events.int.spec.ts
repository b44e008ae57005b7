import { lastValueFrom } from 'rxjs';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { Event } from '../../src/event/event-type.js';
import { currentMetadata } from '../../src/event/metadata-context.js';
import { streamName } from '../../src/event/stream-name.js';
import type { NatsJetStreamContext } from '../../src/transport/server/nats-jetstream.context.js';
import { until } from '../support/collect.js';
import { ORDER_EVENTS, OrderPlaced, OrderShipped } from '../support/order-events.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';
import { onlyConsumer, pause, raw, untilAcknowledged } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { deadLetters, listener, openDeadLetters, startService } from './shared-service.js';

const stores: EventStore[] = [];
const order = streamName('order', '42');

async function openStore(): Promise<{ store: EventStore; name: string }> {
  const name = uniqueStoreName();
  const store = await connectEventStore({ servers: sharedServerUrl(), name, events: ORDER_EVENTS });
  stores.push(store);
  return { store, name };
}

afterAll(async () => {
  await Promise.all(stores.map(async (store) => store.close()));
});

describe('events of an event store', () => {
  it('are delivered by store and type, as instances of their classes, with their position and metadata', async () => {
    const { store, name } = await openStore();
    const seen: [unknown, NatsJetStreamContext][] = [];
    await startService(
      `${name}-mail`,
      [listener(`${name}/OrderShipped`, (data, context) => seen.push([data, context]))],
      { events: ORDER_EVENTS },
    );
    const { events } = await store.append(order, [new OrderPlaced('ada'), new OrderShipped('ups')], {
      metadata: { correlationId: 'c-1', actor: 'bob' },
    });
    await until('it has come', () => seen.length > 0);
    const [data, context] = seen[0] ?? [];
    expect(data).toEqual(new OrderShipped('ups'));
    expect(data).toBeInstanceOf(OrderShipped);
    expect(context?.getEvent()).toMatchObject({
      id: events[1]?.id,
      type: 'OrderShipped',
      stream: order,
      version: 2,
      metadata: { correlationId: 'c-1', actor: 'bob' },
      time: expect.any(Date),
    });
    await pause(50);
    expect(seen).toHaveLength(1);
  });

  it('are delivered as plain data without the option events, and all of them with *', async () => {
    const { store, name } = await openStore();
    const seen: unknown[] = [];
    await startService(`${name}-mail`, [
      listener(`${name}/*`, (data, context) => seen.push([context.getEvent()?.type, data])),
    ]);
    await store.append(order, [new OrderPlaced('ada'), new OrderShipped('ups')]);
    await until('they have come', () => seen.length >= 2);
    expect(seen).toEqual([
      ['OrderPlaced', { customer: 'ada' }],
      ['OrderShipped', { carrier: 'ups' }],
    ]);
  });

  it('are delivered by subject, too, and their commit is acknowledged when all of them are', async () => {
    const { store, name } = await openStore();
    const seen: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await startService(
      `${name}-mail`,
      [
        listener(`${name}.*.order.>`, async (_, context) => {
          const type = context.getEvent()?.type ?? '';
          if (type === 'OrderShipped') await held;
          seen.push(type);
        }),
      ],
      { events: ORDER_EVENTS },
    );
    await store.append(order, [new OrderPlaced('ada'), new OrderShipped('ups')]);
    await store.append(streamName('parcel', '1'), [new OrderShipped('dhl')]);
    await until('the first is handled', () => seen.length === 1);
    expect((await onlyConsumer(name)).num_ack_pending).toBe(1);
    release();
    await until('the commit is acknowledged', async () => (await onlyConsumer(name)).num_ack_pending === 0);
    expect(seen).toEqual(['OrderPlaced', 'OrderShipped']);
  });

  it('that succeeded are not handled again when another event of their commit fails', async () => {
    const { store, name } = await openStore();
    const seen: string[] = [];
    let failures = 0;
    await startService(
      `${name}-mail`,
      [
        listener(`${name}/*`, (_, context) => {
          const type = context.getEvent()?.type ?? '';
          if (type === 'OrderShipped' && failures++ < 2) throw new TypeError('twice');
          seen.push(type);
        }),
      ],
      { consumerOptions: { backoff: [10] } },
    );
    await store.append(order, [new OrderPlaced('ada'), new OrderShipped('ups'), new OrderPlaced('bob')]);
    await until('all are handled', () => seen.length >= 3);
    expect(seen).toEqual(['OrderPlaced', 'OrderShipped', 'OrderPlaced']);
  });

  it('are acknowledged one by one with manualAck', async () => {
    const { store, name } = await openStore();
    const seen: string[] = [];
    await startService(
      `${name}-mail`,
      [
        listener(`${name}/*`, (_, context) => {
          const { type = '' } = context.getEvent() ?? {};
          seen.push(type);
          if (type === 'OrderPlaced' || seen.length > 2) context.message.ack();
          else context.message.nak(10);
        }),
      ],
      { consumerOptions: { manualAck: true } },
    );
    await store.append(order, [new OrderPlaced('ada'), new OrderShipped('ups')]);
    await until('all are acknowledged', async () => {
      const { num_ack_pending: pending, ack_floor: floor } = await onlyConsumer(name);
      return pending === 0 && floor.stream_seq > 0;
    });
    expect(seen).toEqual(['OrderPlaced', 'OrderShipped', 'OrderShipped']);
  });

  it('become dead letters without their data, and are read from the store when they are redriven', async () => {
    const { store, name } = await openStore();
    const service = `${name}-mail`;
    const handled: unknown[] = [];
    const numbers: unknown[] = [];
    let isBroken = true;
    await startService(
      service,
      [
        listener(`${name}/*`, (data, context) => {
          const { type = '' } = context.getEvent() ?? {};
          if (isBroken && type === 'OrderShipped') throw new TypeError('no carrier');
          handled.push([type, data]);
          numbers.push([context.message.seq, context.getDeadLetter()?.stream]);
        }),
      ],
      { consumerOptions: { maxDeliver: 2, backoff: [10] } },
    );
    const { position } = await store.append(order, [
      new OrderPlaced('ada'),
      new OrderShipped('ups'),
      new OrderPlaced('bob'),
    ]);
    const [letter] = await deadLetters(service, 1);
    expect(letter).toMatchObject({
      stream: name,
      attempts: 2,
      eventId: expect.stringMatching(/\/1$/),
      error: { name: 'TypeError', message: 'no carrier' },
    });
    expect(letter?.data).toHaveLength(0);
    expect(String(position)).toMatch(new RegExp(`^${letter?.sequence ?? ''}\\b`));
    await until('the third is handled', () => handled.length === 2);
    isBroken = false;
    await using letters = await openDeadLetters(service);
    await letters.redrive(letter?.number ?? 0);
    await until('it is handled', () => handled.length === 3);
    expect(handled[2]).toEqual(['OrderShipped', { carrier: 'ups' }]);
    expect(numbers[2]).toEqual([letter?.sequence, letters.stream]);
    await until('nothing is left', async () => (await raw.messageCount(letters.stream)) === 0);
  });

  it('are the cause of a handler’s emits and appends, with the same correlation', async () => {
    const { store, name } = await openStore();
    const streamConfig = uniqueStream();
    const contexts: unknown[] = [];
    const client = openClient();
    await startService(
      `${name}-mail`,
      [
        listener(`${name}/OrderPlaced`, async () => {
          contexts.push(currentMetadata());
          await lastValueFrom(client.emit(`${streamConfig.name}.mail`, {}));
        }),
        listener(`${streamConfig.name}.mail`, () => contexts.push(currentMetadata())),
      ],
      { streamConfig },
    );
    const { events } = await store.append(order, [new OrderPlaced('ada')], {
      metadata: { correlationId: 'c-ö' },
    });
    await until('both are handled', () => contexts.length === 2);
    expect(contexts).toEqual([
      { correlationId: 'c-ö', causationId: events[0]?.id },
      { correlationId: 'c-ö' },
    ]);
  });

  it('that were renamed are delivered under their current name', async () => {
    @Event('OrderReceived', { aliases: ['OrderPlaced'] })
    class OrderReceived {
      constructor(readonly customer: string) {}
    }
    const { store, name } = await openStore();
    const seen: unknown[] = [];
    await startService(`${name}-mail`, [listener(`${name}/OrderReceived`, (data) => seen.push(data))], {
      events: [OrderReceived],
    });
    await store.append(order, [new OrderPlaced('ada')]);
    await until('it has come', () => seen.length > 0);
    expect(seen).toEqual([new OrderReceived('ada')]);
  });

  it('are commits: a message that is none becomes a dead letter', async () => {
    const { store, name } = await openStore();
    await store.append(order, [new OrderPlaced('ada')]);
    const [subject = ''] = Object.keys(
      (
        await raw.api<{ state: { subjects: Record<string, number> } }>(`STREAM.INFO.${name}`, {
          subjects_filter: `${name}.*.order.>`,
        })
      ).state.subjects,
    );
    await raw.store(subject, 'no commit');
    const seen: unknown[] = [];
    await startService(`${name}-mail`, [listener(`${name}/*`, (data) => seen.push(data))]);
    const [letter] = await deadLetters(`${name}-mail`, 1);
    expect(letter).toMatchObject({ attempts: 1, subject });
    await untilAcknowledged(name, 2);
    expect(seen).toEqual([{ customer: 'ada' }]);
  });
});
