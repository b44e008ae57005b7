import type { StreamConfig } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { UnsupportedByServerError } from '../connection/connection-errors.js';
import { JetStreamNotFoundError } from '../streams/stream-errors.js';
import { capturingStreams } from '../streams/capturing-streams.js';
import { findStream } from '../streams/find-stream.js';
import { ServerHeader } from '../api/server-headers.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { HeaderValues } from '../../log/message-log.js';
import type { PublishRequest } from './publish-request.js';
import { recurringSubject, scheduleSubject, scheduleSubjects } from '../names/schedule-subject.js';
import { isAtLeast } from '../connection/server-floor.js';
import { isStoreStream } from '../streams/store-stream.js';
import { covers } from '../names/subject-pattern.js';

/**
 * Since when a server knows the setting; an older one ignores it, and stores the message for ever, or at
 * once.
 */
const FLOOR = { allow_msg_ttl: '2.11', allow_msg_schedules: '2.12' } as const;
/** Since when a server delivers a message more than once. */
const RECURRING_FLOOR = '2.14';

/**
 * Where a message goes that expires, or is delivered later, and the headers that say so. A server that does
 * not know such a header ignores it, so the stream is looked at first.
 *
 * @throws {@link InvalidOptionError} naming the option that the stream does not allow.
 * @throws {@link UnsupportedByServerError} when the server is too old for it.
 */
export async function timedMessage(
  connection: JetStreamConnection,
  request: PublishRequest,
  deadline: Deadline,
): Promise<{ subject: string; headers: HeaderValues }> {
  const { subject, ttlMs } = request;
  const config = await streamOf(connection, request, deadline);
  if (ttlMs !== undefined)
    allow(connection, config, { setting: 'allow_msg_ttl', option: 'ttlMs', given: ttlMs });
  // whole seconds are what the server counts in
  const ttl = ttlMs === undefined ? undefined : `${Math.ceil(ttlMs / 1_000)}s`;
  const timing = timingOf(request, config.name);
  if (timing === undefined) return { subject, headers: ttl === undefined ? {} : { [ServerHeader.ttl]: ttl } };
  const { option, given, headers } = timing;
  allow(connection, config, { setting: 'allow_msg_schedules', option, given });
  if (option === 'schedule') requireRecurring(connection);
  requireCaptured(config, timing);
  return {
    subject: timing.subject,
    headers: {
      ...headers,
      [ServerHeader.scheduleTarget]: subject,
      ...(ttl !== undefined && { [ServerHeader.scheduleTtl]: ttl }),
    },
  };
}

async function streamOf(
  connection: JetStreamConnection,
  { subject, expect }: PublishRequest,
  deadline: Deadline,
): Promise<StreamConfig> {
  const name = expect.streamName ?? (await capturingStreams(connection, subject, deadline))?.[0];
  const stream = name === undefined ? undefined : await findStream(connection, name, deadline);
  if (stream !== undefined) return stream.config;
  throw new JetStreamNotFoundError({
    pattern: subject,
    reason: 'no stream is seen to capture it, so nothing can be stored there with ttlMs or delayMs',
  });
}

/** An option that a stream has to allow by one of its settings. */
interface TimedOption {
  readonly setting: keyof typeof FLOOR;
  readonly option: string;
  readonly given: unknown;
}

function allow(
  connection: JetStreamConnection,
  config: StreamConfig,
  { setting, option, given }: TimedOption,
): void {
  const refuse = (reason: string): never => {
    throw new InvalidOptionError({ option, given, allowed: `absent for stream ${config.name}: ${reason}` });
  };
  if (isStoreStream(config)) refuse('it holds an event store, which nothing may change or remove');
  if (config[setting] === true) return;
  const { serverVersion } = connection;
  if (isAtLeast(serverVersion, FLOOR[setting])) refuse(`set ${setting}: true in its streamConfig`);
  throw new UnsupportedByServerError({
    capability: option,
    floor: FLOOR[setting],
    found: `nats-server ${serverVersion}`,
  });
}

/** A message that waits: where, and until when. */
interface Timing {
  /** The option that asks for it. */
  readonly option: 'delayMs' | 'schedule';
  readonly given: string;
  readonly subject: string;
  readonly headers: HeaderValues;
}

/** A subject of its own for each, since a second schedule on one subject takes the place of the first. */
function timingOf({ at, schedule, messageId }: PublishRequest, stream: string): Timing | undefined {
  if (schedule !== undefined) {
    const { name, every, cron, timeZone } = schedule;
    const headers = {
      [ServerHeader.schedule]: cron ?? `@every ${every ?? 0}ms`,
      ...(timeZone !== undefined && { [ServerHeader.scheduleTimeZone]: timeZone }),
    };
    return { option: 'schedule', given: name, subject: recurringSubject(stream, name), headers };
  }
  if (at === undefined) return undefined;
  const given = at.toISOString();
  return {
    option: 'delayMs',
    given,
    subject: scheduleSubject(stream, Buffer.from(messageId).toString('base64url')),
    headers: { [ServerHeader.schedule]: `@at ${given}` },
  };
}

function requireRecurring({ serverVersion }: JetStreamConnection): void {
  if (isAtLeast(serverVersion, RECURRING_FLOOR)) return;
  const found = `nats-server ${serverVersion}`;
  throw new UnsupportedByServerError({ capability: 'schedule', floor: RECURRING_FLOOR, found });
}

function requireCaptured(config: StreamConfig, { option, subject }: Timing): void {
  if (config.subjects.some((pattern) => covers(pattern, subject))) return;
  throw new InvalidOptionError({
    option,
    given: subject,
    allowed: `absent for stream ${config.name}, unless its subjects include ${scheduleSubjects(config.name)}`,
  });
}
