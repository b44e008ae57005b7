import type { StreamInfo } from '@nats-io/jetstream';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { ApiCode } from '../api/api-codes.js';
import type { ApiResult } from '../api/api-result.js';
import type { NamedStreamConfig } from '../api/jetstream-api.js';
import { NatsError } from '../connection/connection-errors.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { findStream } from './find-stream.js';
import { requireEcho } from './require-echo.js';

/** A stream that is there now. */
export interface CreatedStream {
  readonly info: StreamInfo;
  /** Whether this call created it. Otherwise another process was first, and its settings count. */
  readonly isNew: boolean;
}

/**
 * Creates a stream, or waits until the one is visible that another process has created under its name.
 *
 * @throws {@link UnsupportedByServerError} when the server does not know one of the settings.
 * @throws {@link NatsError} when another process's stream does not become visible in time.
 */
export async function createStream(
  connection: JetStreamConnection,
  config: NamedStreamConfig,
  deadline: Deadline,
): Promise<ApiResult<CreatedStream>> {
  const result = await connection.api.createStream(config, deadline);
  if (result.ok) {
    requireEcho(connection, config, result.value.config);
    return { ok: true, value: { info: result.value, isNew: true } };
  }
  if (result.fault.err_code !== ApiCode.streamNameInUse) return result;
  return { ok: true, value: { info: await untilVisible(connection, config.name, deadline), isNew: false } };
}

/** A cluster refuses the name before it knows the stream. */
async function untilVisible(
  connection: JetStreamConnection,
  name: string,
  deadline: Deadline,
): Promise<StreamInfo> {
  const backoff = new Backoff(20, 500);
  while (!deadline.passed) {
    const existing = await findStream(connection, name, deadline);
    if (existing !== undefined) return existing;
    await sleep(backoff.next());
  }
  throw new NatsError(
    `stream ${name} is being created elsewhere, but did not appear within ${deadline.totalMs} ms`,
  );
}
