import type { ApiResult } from '../../src/jetstream/api/api-result.js';
import { NatsError } from '../../src/jetstream/connection/connection-errors.js';
import type { JetStreamConnection } from '../../src/jetstream/connection/jetstream-connection.js';
import { createStream } from '../../src/jetstream/streams/create-stream.js';
import { Deadline } from '../../src/kernel/deadline.js';
import { rejection } from '../support/collect.js';

const NAME_IN_USE = { ok: false, fault: { code: 400, err_code: 10058 } } as const;
const NOT_FOUND = { ok: false, fault: { code: 404, err_code: 10059 } } as const;

/**
 * A server with these answers: one to a creation, and a list of them, one after the other, to look-ups of the
 * stream.
 */
function serverThat(created: ApiResult<object>, ...found: ApiResult<object>[]): JetStreamConnection {
  const api = {
    createStream: async () => created,
    streamInfo: async () => found.shift() ?? NOT_FOUND,
  };
  return { api, serverVersion: '2.10.0' } as unknown as JetStreamConnection;
}

const config = { name: 'shop', subjects: ['shop.>'] };

describe('a stream that is created', () => {
  it('is new when the server took it', async () => {
    const created = await createStream(
      serverThat({ ok: true, value: { config } }),
      config,
      new Deadline(5_000),
    );
    expect(created).toEqual({ ok: true, value: { info: { config }, isNew: true } });
  });

  it('is another process’s when that was first, as soon as it is visible', async () => {
    const theirs = { config: { ...config, subjects: ['theirs'] } };
    const server = serverThat(NAME_IN_USE, NOT_FOUND, { ok: true, value: theirs });
    const created = await createStream(server, config, new Deadline(5_000));
    expect(created).toEqual({ ok: true, value: { info: theirs, isNew: false } });
  });

  it('is an error when that does not become visible in time', async () => {
    const error = await rejection(createStream(serverThat(NAME_IN_USE), config, new Deadline(30)));
    expect(error).toBeInstanceOf(NatsError);
    expect(String(error)).toContain('shop is being created elsewhere');
  });

  it('is refused with the fault of the server', async () => {
    const refusal = { ok: false, fault: { code: 400, err_code: 10052 } } as const;
    expect(await createStream(serverThat(refusal), config, new Deadline(5_000))).toEqual(refusal);
  });

  it('is refused when the server dropped a setting that it does not know', async () => {
    const server = serverThat({ ok: true, value: { config } });
    const error = await rejection(
      createStream(server, { ...config, allow_atomic: true }, new Deadline(5_000)),
    );
    expect(error).toMatchObject({ name: 'UnsupportedByServerError', floor: '2.12' });
  });
});
