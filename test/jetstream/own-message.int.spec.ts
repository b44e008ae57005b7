import { Deadline } from '../../src/kernel/deadline.js';
import { capturingStreams } from '../../src/jetstream/streams/capturing-streams.js';
import { JetStreamConnection } from '../../src/jetstream/connection/jetstream-connection.js';
import { findOwnMessage } from '../../src/jetstream/publish/own-message.js';
import type { PublishExpectations } from '../../src/jetstream/publish/publish-request.js';
import { RawNats } from '../support/raw-nats.js';
import { sharedServerUrl, uniqueStoreName } from '../support/server-url.js';

let raw: RawNats;
let connection: JetStreamConnection;
let stream: string;

beforeAll(async () => {
  raw = await RawNats.open();
  connection = await JetStreamConnection.open({ servers: sharedServerUrl() }, 'test');
});

beforeEach(async () => {
  stream = uniqueStoreName();
  await raw.api(`STREAM.CREATE.${stream}`, { name: stream, subjects: [`${stream}.a.*`, `${stream}.b`] });
});

afterAll(async () => {
  await connection.close();
  await raw[Symbol.asyncDispose]();
});

async function find(messageId: string, expect: PublishExpectations): Promise<number | undefined> {
  const subject = `${stream}.a.x`;
  const request = { subject, payload: new Uint8Array(), headers: {}, messageId, expect };
  return (await findOwnMessage(connection, request, new Deadline(5_000)))?.seq;
}

describe('the message that an expectation lost to', () => {
  it('is recognized by its id, and another one is not', async () => {
    await raw.store(`${stream}.b`, '0');
    await raw.store(`${stream}.a.x`, '1', { 'Nats-Msg-Id': 'mine', other: 'Nats-Msg-Id: theirs' });
    await raw.store(`${stream}.a.y`, '2', { 'Nats-Msg-Id': 'theirs' });
    expect(await find('mine', { lastSubjectSequence: 0 })).toBe(2);
    expect(await find('theirs', { lastSubjectSequence: 0 })).toBeUndefined();
    expect(await find('mine', { lastSequence: 1 })).toBe(2);
    expect(await find('mine', { lastSequence: 2 })).toBeUndefined();
    expect(await find('mine', { lastMsgID: 'first', streamName: stream })).toBe(2);
    expect(await find('mine', { lastSubjectSequence: 2 })).toBeUndefined();
  });
});

describe('the streams that capture a subject', () => {
  it.each([
    ['a.x', true],
    ['a.*', true],
    ['*', true],
    ['>', true],
    ['b', true],
    ['a', false],
    ['a.x.y', false],
    ['c', false],
  ])('are found by the literal or the pattern %s: %s', async (pattern, captured) => {
    const found = await capturingStreams(connection, `${stream}.${pattern}`, new Deadline(5_000));
    expect(found).toEqual(captured ? [stream] : []);
  });
});
