import { JsonRequestDeserializer } from '../../src/transport/server/json-request-deserializer.js';
import { JsonResponseDeserializer } from '../../src/transport/client/json-response-deserializer.js';

const message = (body: unknown): { json<T>(): T } => ({
  json: <T>() => JSON.parse(JSON.stringify(body)) as T,
});

describe('a request or event', () => {
  const read = (body: unknown): object =>
    new JsonRequestDeserializer().deserialize(message(body), { channel: 'c' });

  it.each([
    { pattern: 'p', data: 1, id: 'i' },
    { pattern: { cmd: 'sum' }, data: [1] },
    { pattern: 'p', data: 1, metadata: { tenant: 'a' } },
  ])('that is a packet of Nest is read as one: %j', (packet) => {
    expect(read(packet)).toEqual(packet);
  });

  it.each([
    [1],
    ['text'],
    [null],
    [[1, 2]],
    [{ data: 1 }],
    [{ pattern: 'p' }],
    [{ pattern: 'p', data: 1, id: 'i', price: 3 }],
  ])('that is not a packet is the payload itself: %j', (payload) => {
    expect(read(payload)).toEqual({ pattern: 'c', data: payload });
  });
});

describe('an answer', () => {
  const read = (body: unknown): object => new JsonResponseDeserializer().deserialize(message(body));

  it.each([
    { response: 1, id: 'i' },
    { err: 'x', isDisposed: true },
    { isDisposed: true },
    { status: 'error', err: 1 },
  ])('that is a packet of Nest is read as one: %j', (packet) => {
    expect(read(packet)).toEqual(packet);
  });

  it.each([[1], [null], ['text'], [{}], [[1]], [{ response: 1, price: 3 }]])(
    'that is none is the only value: %j',
    (value) => {
      expect(read(value)).toEqual({ response: value, isDisposed: true });
    },
  );
});
