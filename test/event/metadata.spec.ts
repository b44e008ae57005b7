import { plainMetadata, type Metadata } from '../../src/event/metadata.js';
import { InvalidEventError } from '../../src/event/event-errors.js';

function withItself(): object {
  const metadata: Record<string, unknown> = {};
  metadata['self'] = { list: [metadata] };
  return metadata;
}

describe('metadata', () => {
  it('can have any JSON and the defined keys', () => {
    const twice = { a: 1 };
    const metadata: Metadata = {
      occurredAt: '2026-01-01T00:00:00Z',
      correlationId: 'c',
      actor: undefined,
      list: [1, 'two', null, { three: [true] }],
      here: twice,
      there: twice,
      nothing: undefined,
    };
    expect(() => plainMetadata(metadata)).not.toThrow();
    expect(() => plainMetadata(Object.create(null) as Metadata)).not.toThrow();
  });

  it.each([
    ['null', null],
    ['text', 'actor=ada'],
    ['a list', []],
    ['a date', new Date()],
    ['a map', new Map([['a', 1]])],
    ['an instance of a class', new (class Session {})()],
  ])('cannot be %s', (_, metadata) => {
    expect(() => plainMetadata(metadata as unknown as Metadata)).toThrow(InvalidEventError);
  });

  it.each([
    ['a date', new Date(0), 'metadata.x'],
    ['a function', () => 1, 'metadata.x'],
    ['a symbol', Symbol('s'), 'metadata.x'],
    ['a big integer', 1n, 'metadata.x'],
    ['NaN', Number.NaN, 'metadata.x'],
    ['infinity', Infinity, 'metadata.x'],
    ['a set', new Set(), 'metadata.x'],
    ['bytes', Buffer.from('a'), 'metadata.x'],
    ['a nested date', { y: [0, new Date(0)] }, 'metadata.x.y[1]'],
    ['undefined in a list', [undefined], 'metadata.x[0]'],
    // oxlint-disable-next-line no-sparse-arrays -- JSON turns a hole into null
    ['a hole in a list', [1, , 2], 'metadata.x[1]'],
    ['a class instance', new (class Money {})(), 'metadata.x'],
  ])('cannot hold %s, and names the path', (_, value, path) => {
    expect(() => plainMetadata({ x: value } as unknown as Metadata)).toThrow(
      expect.objectContaining({
        name: 'InvalidEventError',
        message: expect.stringContaining(path) as string,
      }) as Error,
    );
  });

  it('cannot contain itself', () => {
    expect(() => plainMetadata(withItself() as Metadata)).toThrow(InvalidEventError);
  });

  it.each(['commandId', 'transaction'])('cannot hold the key %s, which the store writes', (key) => {
    expect(() => plainMetadata({ [key]: 'x' })).toThrow(InvalidEventError);
  });

  it.each(['occurredAt', 'correlationId', 'causationId', 'actor', 'tenant'])(
    'must have a string as %s',
    (key) => {
      expect(() => plainMetadata({ [key]: 5 } as Metadata)).toThrow(InvalidEventError);
      expect(() => plainMetadata({ [key]: null } as unknown as Metadata)).toThrow(InvalidEventError);
    },
  );
});
