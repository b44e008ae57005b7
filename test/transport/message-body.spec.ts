import { headers } from 'jetsource/transport';
import { JsonSerializer } from '../../src/transport/json-serializer.js';
import { toMessageBody } from '../../src/transport/message-body.js';

const text = (serialized: unknown): string => new TextDecoder().decode(toMessageBody(serialized).payload);

describe('the result of a serializer', () => {
  it.each<[string, unknown, string]>([
    ['text', 'abc', 'abc'],
    ['bytes', new Uint8Array([97]), 'a'],
    ['text with headers', { data: '{"a":1}', headers: undefined }, '{"a":1}'],
    ['bytes with headers', { data: new Uint8Array([98]) }, 'b'],
    [
      'a packet, as Nest’s identity serializer leaves it',
      { pattern: 'p', data: 1 },
      '{"pattern":"p","data":1}',
    ],
    ['data that is no text', { data: { a: 1 } }, '{"a":1}'],
    ['nothing', undefined, ''],
  ])('is the body of the message: %s', (_, serialized, body) => {
    expect(text(serialized)).toBe(body);
  });

  it('can have headers', () => {
    const natsHeaders = headers();
    expect(toMessageBody({ data: 'x', headers: natsHeaders }).headers).toBe(natsHeaders);
    expect(toMessageBody('x').headers).toBeUndefined();
  });
});

describe('the default serializer', () => {
  const serializer = new JsonSerializer();

  it('writes the payload of an event, and the packet of anything else', () => {
    expect(serializer.serialize({ pattern: 'p', data: { a: 1 } })).toBe('{"a":1}');
    expect(serializer.serialize({ pattern: 'p', data: 1, id: 'i' })).toBe(
      '{"pattern":"p","data":1,"id":"i"}',
    );
    expect(serializer.serialize({ response: 6, isDisposed: true })).toBe('{"response":6,"isDisposed":true}');
  });
});
