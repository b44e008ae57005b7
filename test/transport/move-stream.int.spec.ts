import { lastValueFrom } from 'rxjs';
import type { NatsStreamConfig } from '../../src/transport/stream-config.js';
import { rejection, until } from '../support/collect.js';
import { consumerState, raw, untilAcknowledged } from './consumer-state.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

interface StreamState {
  readonly config: { readonly storage: string; readonly subjects?: readonly string[] };
  readonly state: { readonly messages: number; readonly last_seq: number };
  readonly sources?: readonly { readonly lag: number; readonly active: number }[];
}

async function infoOf(stream: string): Promise<StreamState> {
  return raw.api<StreamState & Record<string, unknown>>(`STREAM.INFO.${stream}`);
}

/** The steps of "A setting that cannot be changed" in docs/transport.md. */
describe('a setting of a stream that cannot be changed', () => {
  it('is refused with what to do, and the stream stays as it is', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    await openClient({ streamConfig }).connect();
    const changed = openClient({ streamConfig: { ...streamConfig, storage: 'memory' } });
    expect(await rejection(changed.connect())).toMatchObject({
      code: 'jetstream-settings',
      message: expect.stringContaining('docs/transport.md'),
    });
    expect((await infoOf(name)).config.storage).toBe('file');
  });

  it('is changed by a new stream that copies the old one and then takes its subjects', async () => {
    const old = uniqueStream();
    const { name } = old;
    const next = `${name}-2`;
    const handled: unknown[] = [];
    const start = async (streamConfig: readonly NatsStreamConfig[], startSequence?: number) =>
      startService(
        name,
        [
          listener(`${name}.n`, (data) => handled.push(data), {
            consumer: startSequence === undefined ? {} : { startSequence },
          }),
        ],
        { streamConfig },
      );
    const emit = async (data: number): Promise<unknown> =>
      lastValueFrom(openClient().emit(`${name}.n`, data));

    const before = await start([old]);
    await emit(1);

    // 1. the copy, while the application runs
    const copying = await start([old, { name: next, storage: 'memory', sources: [{ name }] }]);
    await before.app.close();
    await emit(2);

    // 2. nothing is emitted, all is handled and copied
    await untilAcknowledged(name, 2);
    await copying.app.close();
    await until('all is copied', async () => {
      const { sources = [], state } = await infoOf(next);
      return state.last_seq === 2 && sources.every(({ lag }) => lag === 0);
    });

    // 3. the subjects move, and handlers begin after what they have handled
    await start(
      [
        { name, subjects: [`${name}-moved`] },
        { name: next, storage: 'memory', subjects: [`${name}.>`], sources: [] },
      ],
      3,
    );
    await emit(3);
    await until('the new one is handled', () => handled.length === 3);
    expect(handled).toEqual([1, 2, 3]);
    expect(await infoOf(next)).toMatchObject({
      config: { storage: 'memory', subjects: [`${name}.>`] },
      state: { messages: 3 },
    });
    const [consumer = ''] = await raw.consumers(next);
    expect(await consumerState(next, consumer)).toMatchObject({ config: { opt_start_seq: 3 } });

    // 4. the old stream is not needed any more
    expect(await infoOf(name)).toMatchObject({ state: { messages: 2 } });
    await raw.api(`STREAM.DELETE.${name}`);
    await emit(4);
    await until('events go on', () => handled.length === 4);
  });
});
