import fc from 'fast-check';
import type { Commit } from '../../src/event/commit.js';
import { decodeCommit as decodeMessage, encodeCommit } from '../../src/event/commit-format.js';
import type { Metadata, StoredMetadata } from '../../src/event/metadata.js';
import { notificationStream } from '../../src/event/notification.js';
import { encodePredecessors, predecessorNumbers } from '../../src/event/predecessors.js';
import { streamName } from '../../src/event/stream-name.js';

const GOLDEN: Commit = {
  stream: streamName('order', 'a.b/ä'),
  commitId: '0198f3c2-7a11-7cc3-9a55-3a1f6b2c9d01',
  attemptId: '5f0c3f7e-8a51-4a8e-a0a1-0d6f2f0f4b11',
  number: 4,
  firstVersion: 5,
  predecessors: [1_200, 100, 1_093],
  metadata: { occurredAt: '2026-01-02T03:04:05.678Z', actor: 'ada', commandId: 'c-1' },
  events: [
    { type: 'OrderPlaced', schemaVersion: 1, data: { total: 12.5, note: '“ok”' } },
    { type: 'OrderShipped', schemaVersion: 2, data: {}, metadata: { carrier: 'dhl' } },
  ],
};

// Stored commits have these bytes, and programs in other languages read them. They may change only with the
// format number.
const GOLDEN_BYTES =
  '{"format":1,"stream":["order","a.b/ä"],"commit":"0198f3c2-7a11-7cc3-9a55-3a1f6b2c9d01",' +
  '"attempt":"5f0c3f7e-8a51-4a8e-a0a1-0d6f2f0f4b11","number":4,"version":5,"previous":[1200,100,1093],' +
  '"meta":{"occurredAt":"2026-01-02T03:04:05.678Z","actor":"ada","commandId":"c-1"},' +
  '"events":[{"type":"OrderPlaced","schema":1,"data":{"total":12.5,"note":"“ok”"}},' +
  '{"type":"OrderShipped","schema":2,"data":{},"meta":{"carrier":"dhl"}}]}';

const utf8 = new TextEncoder();

/** The commit in a message with the given body, without its sequence. */
function decodeCommit(data: Uint8Array): Commit | string {
  const decoded = decodeMessage({ sequence: 20_000, time: 7, data });
  if (typeof decoded === 'string') return decoded;
  const { sequence, time, ...commit } = decoded;
  expect([sequence, time]).toEqual([20_000, 7]);
  return commit;
}

/** The body of the golden commit with changes. */
function bodyWith(changes: Record<string, unknown>): Uint8Array {
  return utf8.encode(JSON.stringify({ ...(JSON.parse(GOLDEN_BYTES) as object), ...changes }));
}

// without values that JSON cannot hold (-0, undefined)
const json = fc
  .jsonValue({ noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const data = fc.dictionary(fc.string({ unit: 'binary' }), json, { maxKeys: 5 });
const commit: fc.Arbitrary<Commit> = fc
  .record({
    category: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/),
    id: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    commitId: fc.uuid(),
    attemptId: fc.uuid(),
    number: fc.integer({ min: 1, max: 5_000 }),
    firstVersion: fc.integer({ min: 1 }),
    metadata: fc.record({ occurredAt: fc.string(), more: json }) as fc.Arbitrary<StoredMetadata>,
    events: fc.array(
      fc.record(
        {
          type: fc.string({ minLength: 1 }),
          schemaVersion: fc.integer({ min: 1 }),
          data,
          metadata: data as fc.Arbitrary<Metadata>,
        },
        { requiredKeys: ['type', 'schemaVersion', 'data'] },
      ),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ category, id, number, ...rest }) => ({
    ...rest,
    number,
    stream: streamName(category, id),
    predecessors: encodePredecessors(predecessorNumbers(number).map((earlier) => earlier * 3)),
  }));

describe('the body of a commit', () => {
  it('is encoded to pinned bytes', () => {
    expect(new TextDecoder().decode(encodeCommit(GOLDEN))).toBe(GOLDEN_BYTES);
  });

  it('is decoded from pinned bytes', () => {
    expect(decodeCommit(utf8.encode(GOLDEN_BYTES))).toEqual(GOLDEN);
  });

  it('decodes to the commit that was encoded', () => {
    fc.assert(
      fc.property(commit, (original) => {
        expect(decodeCommit(encodeCommit(original))).toEqual(original);
      }),
      { numRuns: 500 },
    );
  });

  it('has no predecessors in the first commit of a stream', () => {
    const first = { ...GOLDEN, number: 1, predecessors: [] };
    expect(new TextDecoder().decode(encodeCommit(first))).not.toContain('previous');
    expect(decodeCommit(encodeCommit(first))).toEqual(first);
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['half a body', GOLDEN_BYTES.slice(0, 100)],
    ['bytes that are not UTF-8', Uint8Array.of(0xff, 0xfe, 0x00)],
  ])('is rejected as not JSON when it is %s', (_, body) => {
    expect(decodeCommit(typeof body === 'string' ? utf8.encode(body) : body)).toBe('the body is not JSON');
  });

  it.each(['null', '[]', '1', '"text"', '{}', '{"format":"1"}', '{"format":1}'])(
    'is rejected as not a commit when it is %s',
    (body) => {
      expect(decodeCommit(utf8.encode(body))).toBe('the body is not a commit');
    },
  );

  it('of a later format is rejected by its number, whatever its shape', () => {
    expect(decodeCommit(bodyWith({ format: 2 }))).toMatch(/format 2/);
    expect(decodeCommit(utf8.encode('{"format":7,"quite":"different"}'))).toMatch(/format 7/);
  });

  it.each([
    ['a stream without parts', { stream: 'order/1' }],
    ['a commit id that is not a string', { commit: 1 }],
    ['no attempt id', { attempt: undefined }],
    ['number 0', { number: 0 }],
    ['a fractional number', { number: 1.5 }],
    ['version 0', { version: 0 }],
    ['a negative version', { version: -1 }],
    ['predecessors that are not a list', { previous: 5 }],
    ['no metadata', { meta: undefined }],
    ['metadata that is text', { meta: 'x' }],
    ['no events', { events: [] }],
    ['events that are not a list', { events: {} }],
    ['an event without type', { events: [{ schema: 1, data: {} }] }],
    ['an event without schema version', { events: [{ type: 'A', data: {} }] }],
    ['an event without data', { events: [{ type: 'A', schema: 1 }] }],
    ['an event with a number for data', { events: [{ type: 'A', schema: 1, data: 5 }] }],
    ['an event with text for metadata', { events: [{ type: 'A', schema: 1, data: {}, meta: 'x' }] }],
    ['null for an event', { events: [null] }],
  ])('is rejected as not a commit with %s', (_, changes) => {
    expect(decodeCommit(bodyWith(changes))).toBe('the body is not a commit');
  });

  it.each([
    ['fractional predecessors', { previous: [1200, 0.5, 1] }],
    ['too few predecessors', { previous: [1200, 100] }],
    ['no predecessors', { previous: undefined }],
    ['too many predecessors', { previous: [1200, 100, 100, 100] }],
    ['equal predecessors', { previous: [1200, 0, 1] }],
    ['ascending predecessors', { previous: [1200, -5, 1] }],
    ['predecessors below 1', { previous: [1200, 100, 1100] }],
    ['predecessors in a first commit', { number: 1 }],
  ])('is rejected with %s, because the list of the next commit is computed from them', (_, changes) => {
    expect(decodeCommit(bodyWith(changes))).toBe('its predecessors do not fit its number');
  });

  it.each([
    ['an empty id', ['order', '']],
    ['a category with a dot', ['a.b', '1']],
    ['no id', ['order']],
    ['an id that is a number', ['order', 5]],
    ['an unknown system category', ['$BUS', '5']],
  ])('is rejected with the reason for a stream with %s', (_, name) => {
    expect(decodeCommit(bodyWith({ stream: name }))).toMatch(/^the (id|category) of a stream must/);
  });

  it('can name a stream of a system category', () => {
    expect(decodeCommit(bodyWith({ stream: ['$check', 'x'] }))).toMatchObject({
      stream: { category: '$check' },
    });
  });

  it('can have fields that this release does not know', () => {
    expect(decodeCommit(bodyWith({ later: true }))).toEqual(GOLDEN);
  });
});

describe('the body of a notification', () => {
  const NOTIFICATION: Commit = {
    ...GOLDEN,
    stream: notificationStream('OrderPlaced'),
    number: 0,
    firstVersion: 0,
    predecessors: [],
    events: GOLDEN.events.slice(0, 1),
  };
  const BYTES =
    '{"format":1,"stream":["$bus","OrderPlaced"],"commit":"0198f3c2-7a11-7cc3-9a55-3a1f6b2c9d01",' +
    '"attempt":"5f0c3f7e-8a51-4a8e-a0a1-0d6f2f0f4b11",' +
    '"meta":{"occurredAt":"2026-01-02T03:04:05.678Z","actor":"ada","commandId":"c-1"},' +
    '"events":[{"type":"OrderPlaced","schema":1,"data":{"total":12.5,"note":"“ok”"}}]}';

  it('is encoded to pinned bytes, without a place in a stream, and decoded from them', () => {
    expect(new TextDecoder().decode(encodeCommit(NOTIFICATION))).toBe(BYTES);
    expect(decodeCommit(utf8.encode(BYTES))).toEqual(NOTIFICATION);
  });

  it.each([
    ['a number', { number: 1 }],
    ['a version', { version: 1 }],
    ['predecessors', { previous: [1] }],
    ['an event of another type', { stream: ['$bus', 'OrderShipped'] }],
    ['two events', { events: [1, 2].map(() => ({ type: 'OrderPlaced', schema: 1, data: {} })) }],
    ['a stream of another category, since that needs a number', { stream: ['$process', 'OrderPlaced'] }],
  ])('is rejected as not a commit with %s', (_, changes) => {
    const body = JSON.stringify({ ...(JSON.parse(BYTES) as object), ...changes });
    expect(decodeCommit(utf8.encode(body))).toBe('the body is not a commit');
  });
});
