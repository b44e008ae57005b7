import type { StreamConfig } from '@nats-io/jetstream';
import { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { sleep } from '../../kernel/sleep.js';
import { ApiCode } from '../api/api-codes.js';
import { type ApiFault, describeFault } from '../api/api-fault.js';
import type { NamedStreamConfig } from '../api/jetstream-api.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { assetName } from '../names/asset-name.js';
import { scheduleSubjects } from '../names/schedule-subject.js';
import { withoutCovered } from '../names/subject-pattern.js';
import { createStream } from './create-stream.js';
import { findStream } from './find-stream.js';
import { requireEcho } from './require-echo.js';
import { differences } from './settings-diff.js';
import { isStoreStream } from './store-stream.js';
import { JetStreamSettingsError } from './stream-errors.js';

const SET_UP_TIMEOUT_MS = 10_000;
/**
 * The subjects that each service has configured are kept in the stream's metadata, so that a service can
 * remove its own and no others.
 */
const OWNED_SUBJECTS = 'jetsource.subjects/';
/** Refusals for want of storage. */
const FULL: ReadonlySet<number | undefined> = new Set([
  ApiCode.storageInsufficient,
  ApiCode.memoryInsufficient,
]);
/** Services that start at the same time may write over each other: they look again and repeat. */
const TRIES = 5;
const LOOK_AGAIN_MS = 100;

/** A stream as a service wants it: a stream's configuration, with two names more. */
export interface WantedStream extends Partial<StreamConfig> {
  readonly name: string;
  readonly replicas?: number;
  readonly allow_rollup?: boolean;
}

/** A setting as it was given. */
interface Setting {
  readonly name: string;
  readonly value: unknown;
}

/**
 * Creates the streams that are missing and updates those that differ. Subjects of other services stay; those
 * that `owner` has asked for before and does not any more are removed.
 *
 * @param owner The service, by the name that all its instances share.
 * @throws {@link InvalidOptionError} when an option is given under two names.
 * @throws {@link JetStreamSettingsError} when the server refuses, or the stream is an event store's.
 * @throws {@link UnsupportedByServerError} when the server does not know a setting.
 */
export async function ensureStreams(
  connection: JetStreamConnection,
  streams: readonly WantedStream[],
  owner: string,
): Promise<void> {
  for (const stream of streams) await ensureStream(connection, toWanted(stream), owner);
}

function toWanted({ replicas, allow_rollup: allowRollup, ...config }: WantedStream): NamedStreamConfig {
  refuseAlias({ name: 'replicas', value: replicas }, { name: 'num_replicas', value: config.num_replicas });
  refuseAlias(
    { name: 'allow_rollup', value: allowRollup },
    { name: 'allow_rollup_hdrs', value: config.allow_rollup_hdrs },
  );
  const { subjects } = config;
  const name = assetName('streamConfig.name', config.name);
  const isScheduling = config.allow_msg_schedules === true && subjects !== undefined;
  return {
    ...config,
    // where the client puts what is to be delivered later
    ...(isScheduling && { subjects: [...subjects, scheduleSubjects(name)] }),
    ...(replicas !== undefined && { num_replicas: replicas }),
    ...(allowRollup !== undefined && { allow_rollup_hdrs: allowRollup }),
  };
}

function refuseAlias(alias: Setting, original: Setting): void {
  if (alias.value === undefined || original.value === undefined) return;
  throw new InvalidOptionError({
    option: `streamConfig.${alias.name}`,
    given: alias.value,
    allowed: `absent when ${original.name} is given`,
  });
}

async function ensureStream(
  connection: JetStreamConnection,
  wanted: NamedStreamConfig,
  owner: string,
): Promise<void> {
  const deadline = new Deadline(SET_UP_TIMEOUT_MS);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await findStream(connection, wanted.name, deadline);
    if (found === undefined) {
      const config = merged({ name: wanted.name }, wanted, owner);
      const created = await createStream(connection, config, deadline);
      if (!created.ok) throw refused(config, created.fault, 'correct streamConfig');
      if (created.value.isNew) return;
      continue;
    }
    if (isStoreStream(found.config)) throw ofEventStore(wanted.name);
    const target = merged(found.config, wanted, owner);
    if (differences<StreamConfig>(found.config, target).length === 0) return;
    await update(connection, target, deadline);
    await sleep(LOOK_AGAIN_MS);
  }
}

async function update(
  connection: JetStreamConnection,
  target: NamedStreamConfig,
  deadline: Deadline,
): Promise<void> {
  const updated = await connection.api.updateStream(target, deadline);
  if (updated.ok) return requireEcho(connection, target, updated.value.config);
  throw refused(
    target,
    updated.fault,
    'take that setting out of streamConfig, or move to a new stream (docs/transport.md, "A setting that cannot be changed")',
  );
}

function refused(
  { name, max_bytes: maxBytes = 0, num_replicas: replicas = 1 }: NamedStreamConfig,
  fault: ApiFault,
  advice: string,
): JetStreamSettingsError {
  const room =
    `max_bytes reserves ${maxBytes} bytes for each of ${replicas} replicas, and the account, or a server, has not so much left; ` +
    'lower max_bytes, or give it more';
  const isFull = FULL.has(fault.err_code);
  return new JetStreamSettingsError({
    stream: name,
    reason: `the server refuses: ${describeFault(fault)}; ${isFull ? room : advice}`,
  });
}

function ofEventStore(stream: string): JetStreamSettingsError {
  return new JetStreamSettingsError({
    stream,
    reason: 'it holds an event store, whose settings are its own; take it out of streamConfig',
  });
}

/** What is to be sent: the settings that are there, those asked for, and the subjects of all services. */
function merged(existing: NamedStreamConfig, wanted: NamedStreamConfig, owner: string): NamedStreamConfig {
  const metadata = { ...existing.metadata, ...wanted.metadata };
  if (wanted.subjects === undefined) return { ...existing, ...wanted, metadata };
  const key = OWNED_SUBJECTS + owner;
  const given = { ...metadata, [key]: wanted.subjects.join(' ') };
  const before = existing.metadata?.[key]?.split(' ') ?? [];
  const ofOthers = (existing.subjects ?? []).filter((subject) => !before.includes(subject));
  const asked = Object.entries(given).flatMap(([name, subjects]) =>
    name.startsWith(OWNED_SUBJECTS) ? subjects.split(' ') : [],
  );
  return { ...existing, ...wanted, subjects: withoutCovered([...ofOthers, ...asked]), metadata: given };
}
