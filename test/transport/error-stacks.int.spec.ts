import { JetStreamNotFoundError, type NatsJetStreamClientProxy } from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';
import { rejection } from '../support/collect.js';
import { uniqueStoreName } from '../support/server-url.js';
import { openClient } from './shared-client.js';

let client: NatsJetStreamClientProxy;
let nowhere: string;

beforeEach(() => {
  client = openClient();
  nowhere = `${uniqueStoreName()}.created`;
});

afterEach(async () => client.close());

/** Frames of the function that called, in the stack of the error that it got. */
function framesOfCaller(error: unknown): string[] {
  return (error as Error).stack?.split('\n').filter((line) => line.includes('callingFunction')) ?? [];
}

describe('the stack of an error holds the caller', () => {
  it('of emit', async () => {
    async function callingFunction(): Promise<unknown> {
      return lastValueFrom(client.emit(nowhere, { order: 1 }));
    }
    const error = await rejection(callingFunction());
    expect(error).toBeInstanceOf(JetStreamNotFoundError);
    expect(framesOfCaller(error)[0]).toContain('error-stacks.int.spec');
  });

  it('of emit, once, however many subscribe to it', async () => {
    function callingFunction(): Promise<unknown>[] {
      const acknowledged = client.emit(nowhere, { order: 1 });
      return [lastValueFrom(acknowledged), lastValueFrom(acknowledged)];
    }
    const [first, second] = await Promise.all(callingFunction().map(async (ack) => rejection(ack)));
    expect(second).toBe(first);
    expect(framesOfCaller(first)).toHaveLength(1);
  });

  it('of emitMany', async () => {
    async function callingFunction(): Promise<unknown> {
      return client.emitMany(nowhere, [{ order: 1 }, { order: 2 }]);
    }
    const error = await rejection(callingFunction());
    expect(error).toBeInstanceOf(JetStreamNotFoundError);
    expect(framesOfCaller(error)[0]).toContain('error-stacks.int.spec');
  });
});
