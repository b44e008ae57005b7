import type { StreamConfig } from '@nats-io/jetstream';
import type { NamedStreamConfig } from '../api/jetstream-api.js';
import { UnsupportedByServerError } from '../connection/connection-errors.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { differences } from './settings-diff.js';

/** Since when servers know the younger settings. */
const FLOORS: Partial<Record<keyof StreamConfig, string>> = {
  allow_msg_ttl: '2.11',
  subject_delete_marker_ttl: '2.11',
  allow_atomic: '2.12',
  allow_msg_counter: '2.12',
  allow_msg_schedules: '2.12',
  persist_mode: '2.12',
};

/**
 * Compares a stream's settings as the server answered with those it was sent: a setting that it does not know
 * it drops silently.
 *
 * @throws {@link UnsupportedByServerError} naming the setting.
 */
export function requireEcho(
  connection: JetStreamConnection,
  wanted: NamedStreamConfig,
  echo: Partial<StreamConfig>,
): void {
  const [dropped] = differences<StreamConfig>(echo, wanted).filter(
    (key) => echo[key as keyof StreamConfig] === undefined,
  );
  if (dropped === undefined) return;
  throw new UnsupportedByServerError({
    capability: `${dropped} of stream ${wanted.name}`,
    floor: FLOORS[dropped as keyof StreamConfig] ?? 'of a later version',
    found: `nats-server ${connection.serverVersion}`,
  });
}
